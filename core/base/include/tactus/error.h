// The one exception type of Tactus.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace tactus {

// What a caller can do about an error; the command line turns it into its exit status.
enum class ErrorKind {
  bad_input,      // the user's file, word or number: exit status 2
  cannot_run,     // missing data, memory, device, disk: exit status 3
  cancelled,      // a stop was requested: not shown as an error; exit status 130 (Ctrl+C) on the command line
};

// One sentence that says what was wrong, where, and what would be right:
//   "mask.png: the mask is 640×480 but the photograph is 512×512; save it at the photograph's size"
// Thrown where noticed, caught once at the edge of a job.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& sentence) : std::runtime_error(sentence), kind_(kind) {}
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

inline Error bad_input(const std::string& sentence) { return {ErrorKind::bad_input, sentence}; }
inline Error cannot_run(const std::string& sentence) { return {ErrorKind::cannot_run, sentence}; }

}  // namespace tactus
