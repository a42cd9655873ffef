// Check build only: see ../README.md.
#pragma once

#include <stdint.h>

struct mach_header_64;
extern uint8_t* getsectiondata(const struct mach_header_64* image, const char* segment, const char* section,
                               unsigned long* size);
