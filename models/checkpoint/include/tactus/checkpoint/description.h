// What a file of weights of our own says about itself. No torch types here.
#pragma once

#include <filesystem>
#include <string>

namespace tactus::checkpoint {

// The text under "tactus" in the metadata of a safetensors file whose "format" is `format`: what write_safetensors was given.
// `thing` ("a compact model") and `wanted` ("weights") go into the sentences of Error{bad_input}: the file cannot be
// opened, is no safetensors file, ends within its header, or is of another format.
std::string read_description(const std::filesystem::path& file, const std::string& format, const std::string& thing, const std::string& wanted);

}  // namespace tactus::checkpoint
