#pragma once
// Brings a mapped file into memory before it is needed. Without it the first forward pass over a checkpoint of many
// gigabytes reads the disk from within one call, longer than anybody can tell from a hang.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "codexpc/status.h"

namespace codexpc {

/// Goes on from `*offset` until `until` has passed or all of `mapping` (the whole of one mapped file) is there, and
/// moves `*offset` behind what it has done, at least one step. What is in memory already takes a few microseconds a
/// step. On systems that cannot be asked for it this reads one byte a page, where a failing disk faults (SIGBUS).
/// Errors: kIoError (the disk fails, or the file was cut short).
Status PageIn(std::span<const std::uint8_t> mapping, std::chrono::steady_clock::time_point until, std::size_t* offset);

/// Gives the memory of a part of a mapped file back: its whole pages are read again should anybody look at them.
void PageOut(std::span<const std::uint8_t> part);

}  // namespace codexpc
