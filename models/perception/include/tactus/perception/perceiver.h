// What a photograph shows, as first marks: joints, person and object. No torch types here.
#pragma once

#include <filesystem>
#include <memory>

#include "tactus/contact/perceiver.h"
#include "tactus/perception/weights_info.h"

namespace tactus::perception {

// Looks at the whole photograph, then at the crop around the person found there, then at four overlapping parts of that crop.
class Perceiver : public contact::Perceiver {
 public:
  // Error{bad_input}: not weights of this network.
  explicit Perceiver(const std::filesystem::path& weights);
  ~Perceiver() override;
  Perceiver(Perceiver&&) noexcept;
  Perceiver& operator=(Perceiver&&) noexcept;

  contact::Percept look(const ImageU8& rgb, const std::string& category, const Progress& progress = {}) const override;
  const WeightsInfo& info() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tactus::perception
