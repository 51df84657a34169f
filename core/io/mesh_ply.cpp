// PLY: ASCII and binary of both byte orders.
#include <algorithm>
#include <bit>
#include <cstring>
#include <map>

#include "mesh_readers.h"
#include "tactus/error.h"

namespace tactus::io {
namespace {

enum class Type { int8, uint8, int16, uint16, int32, uint32, float32, float64 };

struct Property {
  Type type = Type::float32;
  std::string name;
  bool list = false;
  Type count_type = Type::uint8;   // of a list
};
struct Element {
  std::string name;
  std::uint64_t count = 0;
  std::vector<Property> properties;
};

class PlyReader {
 public:
  PlyReader(std::string_view text, const std::string& name) : text_(text), whole_(text.size()), name_(name) {}

  MeshFile read() {
    header();
    MeshFile result;
    for (const auto& element : elements_) {
      // An element takes at least a byte, so a count beyond the file's size is a lie.
      if (element.count > whole_) refuse("the header announces more elements than the file can hold");
      if (element.name == "vertex") read_vertices(element);
      else if (element.name == "face") read_faces(element);
      else skip(element);
    }
    result.mesh = {rows_of(vertices_), rows_of(faces_)};
    if (!colours_.empty()) result.colours = rows_of(colours_);
    return result;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const { throw bad_input(name_ + ": " + why); }

  static bool type_of(std::string_view word, Type& type) {
    static const std::map<std::string_view, Type> known = {
        {"char", Type::int8}, {"int8", Type::int8}, {"uchar", Type::uint8}, {"uint8", Type::uint8},
        {"short", Type::int16}, {"int16", Type::int16}, {"ushort", Type::uint16}, {"uint16", Type::uint16},
        {"int", Type::int32}, {"int32", Type::int32}, {"uint", Type::uint32}, {"uint32", Type::uint32},
        {"float", Type::float32}, {"float32", Type::float32}, {"double", Type::float64}, {"float64", Type::float64}};
    const auto found = known.find(word);
    if (found != known.end()) type = found->second;
    return found != known.end();
  }

  void header() {
    for (bool first = true;; first = false) {
      const auto end = text_.find('\n');
      if (end == std::string_view::npos) refuse(first ? "this is not a PLY file" : "the PLY header is cut off");
      std::string_view line = text_.substr(0, end);
      text_.remove_prefix(end + 1);
      const auto word = next_word(line);
      if (first) {
        if (word != "ply") refuse("this is not a PLY file");
      } else if (word == "end_header") {
        return;
      } else if (word == "format") {
        const std::string format(next_word(line));
        ascii_ = format == "ascii";
        swap_ = format == (std::endian::native == std::endian::little ? "binary_big_endian" : "binary_little_endian");
        if (!ascii_ && format != "binary_little_endian" && format != "binary_big_endian")
          refuse("PLY files of the format " + format.substr(0, 30) + " are not known; save it as ascii or binary_little_endian");
      } else if (word == "element") {
        Element element;
        element.name = next_word(line);
        const auto count = next_word(line);
        if (std::from_chars(count.data(), count.data() + count.size(), element.count).ec != std::errc()) refuse("the PLY header is damaged");
        elements_.push_back(std::move(element));
      } else if (word == "property") {
        Property property;
        auto type = next_word(line);
        property.list = type == "list";
        bool known = true;
        if (property.list) {
          known = type_of(next_word(line), property.count_type);
          type = next_word(line);
        }
        if (elements_.empty()) refuse("the PLY header is damaged");
        if (!known || !type_of(type, property.type)) refuse("the PLY header names an unknown type");
        property.name = next_word(line);
        elements_.back().properties.push_back(std::move(property));
      }
    }
  }

  template <typename T>
  double raw() {
    if (text_.size() < sizeof(T)) refuse("the PLY file is cut off");
    unsigned char bytes[sizeof(T)];
    std::memcpy(bytes, text_.data(), sizeof(T));
    if (swap_) std::reverse(bytes, bytes + sizeof(T));
    text_.remove_prefix(sizeof(T));
    T value;
    std::memcpy(&value, bytes, sizeof(T));
    return static_cast<double>(value);
  }

  double number(Type type) {
    if (ascii_) {
      const auto word = next_word(text_);
      if (word.empty()) refuse("the PLY file is cut off");
      if (type == Type::float32) {
        float value = 0.0F;
        if (parse_number(word, value)) return static_cast<double>(value);
      } else {
        double value = 0.0;
        const char* begin = word.data() + (word[0] == '+' ? 1 : 0);
        const auto parsed = std::from_chars(begin, word.data() + word.size(), value);
        if (parsed.ec == std::errc() && parsed.ptr == word.data() + word.size()) return value;
      }
      refuse("the PLY file holds \"" + std::string(word.substr(0, 20)) + "\" where a number belongs");
    }
    switch (type) {
      case Type::int8: return raw<std::int8_t>();
      case Type::uint8: return raw<std::uint8_t>();
      case Type::int16: return raw<std::int16_t>();
      case Type::uint16: return raw<std::uint16_t>();
      case Type::int32: return raw<std::int32_t>();
      case Type::uint32: return raw<std::uint32_t>();
      case Type::float32: return raw<float>();
      case Type::float64: return raw<double>();
    }
    return 0.0;
  }

  std::uint32_t list_length(const Property& property) {
    const double length = number(property.count_type);
    if (!(length >= 0.0 && length <= 1e6)) refuse("a face has an impossible number of corners");
    return static_cast<std::uint32_t>(length);
  }

  void skip(const Property& property) {
    const std::uint32_t count = property.list ? list_length(property) : 1;
    for (std::uint32_t i = 0; i < count; ++i) number(property.type);
  }
  void skip(const Element& element) {
    for (std::uint64_t i = 0; i < element.count; ++i)
      for (const auto& property : element.properties) skip(property);
  }

  void read_vertices(const Element& element) {
    static constexpr std::string_view kNames[] = {"x", "y", "z", "red", "green", "blue"};
    std::vector<int> role;   // index into kNames; -1 is passed over
    bool present[6] = {};
    for (const auto& property : element.properties) {
      const auto found = property.list ? std::end(kNames) : std::find(std::begin(kNames), std::end(kNames), property.name);
      role.push_back(found == std::end(kNames) ? -1 : static_cast<int>(found - std::begin(kNames)));
      if (role.back() >= 0) present[role.back()] = true;
    }
    if (!present[0] || !present[1] || !present[2]) refuse("the PLY file's vertices have no x, y and z");
    const bool coloured = present[3] && present[4] && present[5];
    for (std::uint64_t i = 0; i < element.count; ++i) {
      float values[6] = {};
      for (std::size_t p = 0; p < role.size(); ++p) {
        const auto& property = element.properties[p];
        if (role[p] < 0) {
          skip(property);
          continue;
        }
        const double value = number(property.type);
        const double full = role[p] < 3 ? 1.0 : property.type == Type::uint8 ? 255.0 : property.type == Type::uint16 ? 65535.0 : 1.0;
        values[role[p]] = static_cast<float>(value / full);
      }
      vertices_.insert(vertices_.end(), values, values + 3);
      if (coloured) colours_.insert(colours_.end(), values + 3, values + 6);
    }
  }

  void read_faces(const Element& element) {
    std::vector<std::int32_t> corners;
    for (std::uint64_t i = 0; i < element.count; ++i) {
      for (const auto& property : element.properties) {
        if (!property.list || (property.name != "vertex_indices" && property.name != "vertex_index")) {
          skip(property);
          continue;
        }
        corners.resize(list_length(property));
        for (auto& corner : corners) {
          const double value = number(property.type);
          if (!(value >= 0.0 && value <= 2147483647.0)) refuse("face " + std::to_string(i + 1) + " names a vertex that does not exist");
          corner = static_cast<std::int32_t>(value);
        }
        for (std::size_t k = 1; k + 1 < corners.size(); ++k) faces_.insert(faces_.end(), {corners[0], corners[k], corners[k + 1]});
      }
    }
  }

  std::string_view text_;
  std::size_t whole_;
  const std::string& name_;
  bool ascii_ = true, swap_ = false;
  std::vector<Element> elements_;
  std::vector<float> vertices_, colours_;
  std::vector<std::int32_t> faces_;
};

}  // namespace

MeshFile read_ply(const std::vector<std::uint8_t>& bytes, const std::string& name) {
  return PlyReader({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, name).read();
}

}  // namespace tactus::io
