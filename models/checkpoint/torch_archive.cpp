// The reader of torch.save's zip archives (METHOD.md §1.2): a directory, a pickle and raw storages.
#include <algorithm>
#include <string_view>

#include "stored_tensors.h"
#include "tactus/error.h"
#include "torch_pickle.h"
#include "zip_directory.h"

namespace tactus::checkpoint {
namespace {

// "archive/" of "archive/data.pkl".
std::string find_root(const std::map<std::string, ZipEntry>& entries, const std::string& file) {
  std::vector<std::string> roots;
  for (const auto& [name, entry] : entries) {
    if (name.find("/code/") != std::string::npos || name.ends_with("/constants.pkl"))
      throw bad_input(file + ": this is a TorchScript program, not a state dict; save the state dict: torch.save(model.state_dict(), FILE)");
    if (name == "data.pkl" || name.ends_with("/data.pkl")) roots.push_back(name.substr(0, name.size() - 8));
  }
  for (const auto& [name, entry] : entries) {
    if (entry.compressed)
      throw bad_input(file + ": the entry " + name + " is compressed, which torch.save never does; unpack the archive and name what it held");
  }
  if (roots.size() != 1) {
    throw bad_input(file + ": this zip archive was not written by torch.save (it has " + std::to_string(roots.size()) +
                    " entries data.pkl instead of one)" + (roots.empty() ? "; unpack it and name what it held" : ""));
  }
  return roots[0];
}

bool contiguous(const PickledTensor& tensor) {
  std::int64_t expected = 1;
  for (std::size_t d = tensor.shape.size(); d-- > 0;) {
    if (tensor.shape[d] != 1 && tensor.strides[d] != expected) return false;
    expected *= tensor.shape[d];
  }
  return true;
}

}  // namespace

std::vector<StoredTensor> read_torch_archive(const std::shared_ptr<const MappedFile>& file) {
  constexpr std::uint64_t kLongestPickle = std::uint64_t{256} << 20U;
  const std::string name = file->path().string();
  const auto entries = read_zip_directory(*file);
  const std::string root = find_root(entries, name);
  const auto text = [&](const ZipEntry& entry) { return file->bytes().subspan(entry.offset, entry.size); };
  if (const auto order = entries.find(root + "byteorder"); order != entries.end()) {
    const auto letters = text(order->second);
    if (std::string_view(reinterpret_cast<const char*>(letters.data()), letters.size()) != "little")
      throw bad_input(name + ": this was written on a big-endian machine, whose numbers Tactus does not read");
  }
  const ZipEntry pickle = entries.at(root + "data.pkl");
  if (pickle.size > kLongestPickle) throw bad_input(name + ": its pickle is longer than 256 MB; save the state dict alone");

  std::vector<StoredTensor> tensors;
  for (PickledTensor& found : read_torch_pickle(text(pickle), name)) {
    const auto entry = entries.find(root + "data/" + found.storage);
    if (entry == entries.end())
      throw bad_input(name + ": the data of " + found.name + " (entry data/" + found.storage + ") is missing");
    if (entry->second.size != static_cast<std::uint64_t>(found.storage_bytes)) {
      throw bad_input(name + ": the entry data/" + found.storage + " has " + std::to_string(entry->second.size) +
                      " bytes instead of " + std::to_string(found.storage_bytes));
    }
    StoredTensor tensor;
    tensor.info = {found.name, found.dtype, found.shape, name};
    tensor.file = file;
    tensor.offset = entry->second.offset + static_cast<std::uint64_t>(found.offset) * c10::elementSize(found.dtype);
    if (tensor.info.bytes() == 0) tensor.offset = 0;
    else if (!contiguous(found)) tensor.strides = std::move(found.strides);
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

}  // namespace tactus::checkpoint
