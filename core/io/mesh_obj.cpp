// Wavefront OBJ: vertices (with colours where they have them) and faces; everything else is passed over.
#include "mesh_readers.h"
#include "tactus/error.h"

namespace tactus::io {
namespace {

class ObjReader {
 public:
  ObjReader(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  MeshFile read() {
    while (!text_.empty()) {
      std::string_view line = next_line();
      const auto word = next_word(line);
      if (word == "v") vertex(line);
      else if (word == "f") face(line);
    }
    MeshFile result;
    result.mesh = {rows_of(vertices_), rows_of(faces_)};
    if (!colours_.empty() && colours_.size() == vertices_.size()) result.colours = rows_of(colours_);
    return result;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw bad_input(name_ + ": line " + std::to_string(line_) + " " + why);
  }

  // A backslash at the end of a line joins the next one to it.
  std::string_view next_line() {
    joined_.clear();
    while (true) {
      const auto end = text_.find('\n');
      std::string_view line = text_.substr(0, end);
      text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 1);
      ++line_;
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      if (line.empty() || line.back() != '\\' || text_.empty()) {
        if (joined_.empty()) return line;
        joined_ += line;
        return joined_;
      }
      joined_ += line.substr(0, line.size() - 1);
      joined_ += ' ';
    }
  }

  void vertex(std::string_view line) {
    float numbers[8];
    std::size_t count = 0;
    for (auto word = next_word(line); !word.empty() && word[0] != '#' && count < 8; word = next_word(line)) {
      if (!parse_number(word, numbers[count])) refuse("holds \"" + std::string(word.substr(0, 20)) + "\" where a coordinate belongs");
      if (!std::isfinite(numbers[count])) refuse("holds a coordinate that is not a finite number; all must be");
      ++count;
    }
    if (count < 3) refuse("has a vertex of fewer than three coordinates");
    vertices_.insert(vertices_.end(), numbers, numbers + 3);
    // x y z r g b, or x y z w r g b; a lone fourth number is the weight of a rational curve.
    if (count >= 6) colours_.insert(colours_.end(), numbers + (count == 6 ? 3 : 4), numbers + (count == 6 ? 6 : 7));
  }

  void face(std::string_view line) {
    const auto known = static_cast<std::int64_t>(vertices_.size() / 3);
    std::int32_t first = 0, before = 0;
    int corners = 0;
    for (auto word = next_word(line); !word.empty() && word[0] != '#'; word = next_word(line), ++corners) {
      std::int64_t index = 0;
      const char* end = word.data() + word.size();
      const auto parsed = std::from_chars(word.data(), end, index);
      if (parsed.ec != std::errc() || (parsed.ptr != end && *parsed.ptr != '/')) refuse("holds \"" + std::string(word.substr(0, 20)) + "\" where a face's corner belongs");
      if (index == 0) refuse("names vertex 0; the first vertex is 1");
      // Counted from 1, or back from the last vertex so far; a later vertex may be named too.
      index = index > 0 ? index - 1 : index + known;
      if (index < 0 || index > std::numeric_limits<std::int32_t>::max()) refuse("names a vertex that does not exist");
      const auto corner = static_cast<std::int32_t>(index);
      if (corners == 0) first = corner;
      // Polygons become fans: every corner is kept.
      if (corners >= 2) faces_.insert(faces_.end(), {first, before, corner});
      before = corner;
    }
    if (corners < 3) refuse("has a face of fewer than three corners");
  }

  std::string_view text_;
  const std::string& name_;
  std::string joined_;
  std::size_t line_ = 0;
  std::vector<float> vertices_, colours_;
  std::vector<std::int32_t> faces_;
};

}  // namespace

MeshFile read_obj(const std::vector<std::uint8_t>& bytes, const std::string& name) {
  return ObjReader({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, name).read();
}

}  // namespace tactus::io
