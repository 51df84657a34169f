// A library in the place of the networks' that belongs to another version.
#include "tactus/app/networks.h"

extern "C" tactus::app::NetworksEntry tactus_networks() { return {"0.0.1-other", 0, nullptr}; }
