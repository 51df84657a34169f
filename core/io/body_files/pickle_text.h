#pragma once

#include <string>
#include <string_view>

namespace tactus::io {

// The text behind Python's escapes, as protocol 0 writes it: those of a quoted string of bytes, or, unquoted, \u and
// \U alone, which become UTF-8.
std::string unescape_python(std::string_view text, bool quoted);

}  // namespace tactus::io
