// What nearly every test includes, compiled once in a whole build (tactus_precompile in TactusBuild.cmake).
#pragma once

#include <gtest/gtest.h>

#include "../cmake/precompiled.h"
