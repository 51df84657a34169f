#include <dlfcn.h>

#include "program_folder.h"
#include "tactus/app/networks.h"
#include "tactus/error.h"

namespace tactus::app {
namespace {

namespace fs = std::filesystem;

const Networks& load() {
  const fs::path file = networks_file();
  std::error_code error;
  if (!fs::exists(file, error)) {
    throw cannot_run(file.string() + ": the library of the networks is missing, so no checkpoint can be opened; build all of Tactus with ./run");
  }
  // Never closed: what it made may live as long as the program. Its names stay its own; libtorch brings thousands. And its
  // own come first: OpenCV has loaded the reference BLAS by now, whose sgemm_ would otherwise take the place of libtorch's
  // (a training learned from 14 prompts a second instead of 157).
  int flags = RTLD_NOW | RTLD_LOCAL;
#ifndef __SANITIZE_ADDRESS__   // refuses it
  flags |= RTLD_DEEPBIND;
#endif
  void* library = dlopen(file.c_str(), flags);
  if (library == nullptr) {
    const char* reason = dlerror();
    throw cannot_run(file.string() + ": the library of the networks could not be loaded (" + (reason != nullptr ? reason : "no reason given") +
                     "); build Tactus again");
  }
  const auto entry = reinterpret_cast<NetworksEntryFunction>(dlsym(library, kNetworksEntry));
  if (entry == nullptr) throw cannot_run(file.string() + ": this is not the library of Tactus's networks; build Tactus again");
  const NetworksEntry found = entry();
  if (std::string(found.version) != TACTUS_VERSION || found.interface != kNetworksInterface) {
    throw cannot_run(file.string() + ": the library of the networks belongs to Tactus " + found.version + " (interface " +
                     std::to_string(found.interface) + ") and not to this one, " + TACTUS_VERSION + " (interface " +
                     std::to_string(kNetworksInterface) + "); build Tactus again");
  }
  return *found.networks;
}

}  // namespace

fs::path networks_file() {
  return (program_folder() / "../lib/tactus" / TACTUS_NETWORKS_FILE).lexically_normal();
}

const Networks& networks() {
  static const Networks& loaded = load();
  return loaded;
}

}  // namespace tactus::app
