// Check build only: see ../../README.md.
#pragma once

#include "backends/metal/gptoss-api.h"
