// What every subcommand includes, compiled once in a whole build (tactus_precompile in TactusBuild.cmake).
#pragma once

#include <CLI/CLI.hpp>

#include "../../cmake/precompiled.h"
