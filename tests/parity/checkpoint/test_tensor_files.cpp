// Files as Python wrote them (make_checkpoint.py), folders with an index, and files that are refused.
#include <ATen/ops/tensor.h>

#include <nlohmann/json.hpp>

#include "scratch.h"
#include "tactus/checkpoint/save_tensors.h"
#include "tactus/checkpoint/tensor_source.h"

namespace tactus::checkpoint {
namespace {

const fs::path kData = fs::path(TACTUS_TEST_DATA) / "checkpoint";

std::string refused(const fs::path& path) {
  return refusal([&] { open_tensors(path); });
}

class AsPythonReads : public testing::TestWithParam<const char*> {};

TEST_P(AsPythonReads, EveryTensor) {
  const auto all = nlohmann::json::parse(content(kData / "expected.json"), nullptr, true);
  const auto& expected = all.at(GetParam());
  const auto source = open_tensors(kData / GetParam());
  ASSERT_EQ(source->tensors().size(), expected.size());
  for (const auto& [name, tensor] : expected.items()) {
    SCOPED_TRACE(name);
    const TensorInfo* info = source->find(name);
    ASSERT_NE(info, nullptr);
    const at::Tensor found = source->read(name);
    EXPECT_EQ(info->shape, tensor.at("shape").get<std::vector<std::int64_t>>());
    EXPECT_EQ(found.sizes(), at::IntArrayRef(info->shape));
    EXPECT_EQ(found.scalar_type(), info->dtype);
    EXPECT_TRUE(found.is_contiguous());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(found.const_data_ptr()) % found.element_size(), 0U);
    std::string dtype = c10::toString(found.scalar_type());
    const std::map<std::string, std::string> python = {{"Float", "float32"}, {"Half", "float16"}, {"BFloat16", "bfloat16"},
        {"Double", "float64"}, {"Long", "int64"}, {"Int", "int32"}, {"Short", "int16"}, {"Char", "int8"}, {"Byte", "uint8"},
        {"Bool", "bool"}, {"UInt16", "uint16"}};
    EXPECT_EQ(python.at(dtype), tensor.at("dtype"));
    const auto values = tensor.at("values").get<std::vector<double>>();
    ASSERT_EQ(static_cast<std::size_t>(found.numel()), values.size());
    const at::Tensor flat = found.to(at::kDouble).flatten();
    for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(flat[static_cast<std::int64_t>(i)].item<double>(), values[i]);
  }
}

INSTANTIATE_TEST_SUITE_P(Files, AsPythonReads,
                         testing::Values("kinds.pt", "protocol3.pt", "protocol5.pt", "views.bin", "module.pth", "parameters.pth",
                                         "training.pt", "nested.pt", "unsigned.pt", "zip64.pth", "kinds.safetensors"));

TEST(TensorFiles, SharedStoragesAreViewsOfOneMapping) {
  const auto source = open_tensors(kData / "views.bin");
  EXPECT_EQ(source->read("base").const_data_ptr(), source->read("tied").const_data_ptr());
  EXPECT_EQ(source->read("rows").const_data_ptr(), static_cast<const float*>(source->read("base").const_data_ptr()) + 16);
}

TEST(TensorFiles, RefusesWhatIsNoStateDict) {
  EXPECT_SAYS(refused(kData / "foreign.pt"), "it wants to build posix.system");
  EXPECT_SAYS(refused(kData / "foreign.pt"), "nothing was executed");
  EXPECT_SAYS(refused(kData / "legacy.pt"), "before 1.6");
  EXPECT_SAYS(refused(kData / "list.pt"), "no dictionary of tensors");
  EXPECT_SAYS(refused(kData / "deflated.pth"), "is compressed, which torch.save never does");
  EXPECT_SAYS(refused(kData / "big_endian.pth"), "big-endian");
  EXPECT_SAYS(refused(kData / "program.pt"), "TorchScript");
  const Scratch scratch;
  EXPECT_SAYS(refused(scratch / "none.pt"), "none.pt: there is no such file");
  EXPECT_SAYS(refused(scratch.file("empty.pt", "")), "the file is empty");
  EXPECT_SAYS(refused(scratch.file("text.bin", "hello, this is a text")), "neither a safetensors file nor a torch zip archive");
  EXPECT_SAYS(refused(scratch.file("lfs.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")), "Git LFS");
}

// Cut anywhere, an archive's directory at its end is gone.
TEST(TensorFiles, RefusesTruncatedFiles) {
  const Scratch scratch;
  for (const char* name : {"module.pth", "kinds.safetensors"}) {
    const std::string whole = content(kData / name);
    for (const double share : {0.001, 0.1, 0.5, 0.9, 0.999}) {
      const auto said = refused(scratch.file(name, whole.substr(0, static_cast<std::size_t>(share * static_cast<double>(whole.size())) + 1)));
      EXPECT_SAYS(said, (scratch / name).string());
    }
    EXPECT_SAYS(refused(scratch.file(name, whole.substr(0, whole.size() - 1))), "cut off");
  }
}

// A torch archive with one tensor whose pickle is given.
std::string stored_zip(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string file, directory;
  for (const auto& [name, data] : entries) {
    const std::string common = little(0, 2) + little(0, 2) + little(0, 4) + little(0, 4) + little(data.size(), 4) + little(data.size(), 4) +
                               little(name.size(), 2) + little(0, 2);
    directory += little(0x02014b50, 4) + little(20, 2) + little(20, 2) + common + little(0, 2) + little(0, 2) + little(0, 2) + little(0, 4) +
                 little(file.size(), 4) + name;
    file += little(0x04034b50, 4) + little(20, 2) + common + name + data;
  }
  return file + directory + little(0x06054b50, 4) + little(0, 4) + little(entries.size(), 2) + little(entries.size(), 2) +
         little(directory.size(), 4) + little(file.size(), 4) + little(0, 2);
}

std::string short_text(const std::string& text) { return "\x8c" + little(text.size(), 1) + text; }

// {"w": tensor of `numbers` (a pickled offset, size, stride) over a float storage of 4 values}
std::string archive(const std::string& numbers, const std::string& count = "K\x04", const std::string& data = std::string(16, '\0')) {
  const std::string pickle = "\x80\x02}" + short_text("w") + "ctorch._utils\n_rebuild_tensor_v2\n((" + short_text("storage") +
                             "ctorch\nFloatStorage\n" + short_text("0") + short_text("cpu") + count + "tQ" + numbers + "\x89}tRs.";
  return stored_zip({{"a/data.pkl", pickle}, {"a/data/0", data}});
}

TEST(TensorFiles, RefusesTensorsBeyondTheirStorage) {
  const Scratch scratch;
  const auto said = [&](const std::string& bytes) { return refused(scratch.file("a.pt", bytes)); };
  const std::string zero = std::string("K\0", 2);
  const auto good = open_tensors(scratch.file("good.pt", archive(zero + "K\x02K\x02\x86K\x02K\x01\x86")));
  EXPECT_EQ(good->read("w").sizes(), at::IntArrayRef({2, 2}));
  EXPECT_SAYS(said(archive("K\x01K\x02K\x02\x86K\x02K\x01\x86")), "reaches beyond its storage");
  EXPECT_SAYS(said(archive(zero + "K\x02K\x03\x86K\x02K\x01\x86")), "reaches beyond its storage");
  EXPECT_SAYS(said(archive(zero + "J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86J\xff\xff\xff\x7fK\x01\x86")), "reaches beyond its storage");
  EXPECT_SAYS(said(archive("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7fK\x02K\x02\x86K\x02K\x01\x86")), "reaches beyond its storage");
  EXPECT_SAYS(said(archive(zero + "J\xff\xff\xff\xffK\x02\x86K\x02K\x01\x86")), "negative");
  EXPECT_SAYS(said(archive(zero + "J\xff\xff\xff\x7f\x85K" + std::string("\0\x85", 2))), "repeats a storage of only 4 values");
  EXPECT_SAYS(said(archive(zero + "K\x02K\x02\x86K\x02\x85")), "strides");
  EXPECT_SAYS(said(archive(zero + "K\x02\x85K\x01\x85", "K\x05")), "the entry data/0 has 16 bytes instead of 20");
}

// A few bytes that would become gigabytes.
TEST(TensorFiles, RefusesPicklesThatGrow) {
  const Scratch scratch;
  std::string pickle = "\x80\x02](";
  for (int i = 0; i < 2000; ++i) pickle += "K\x01K\x02\x86";
  pickle += std::string("eq\0ccollections\nOrderedDict\nq\1", 30);
  for (int i = 0; i < 100'000; ++i) pickle += std::string("h\1h\0\x85R0", 7);
  EXPECT_SAYS(refused(scratch.file("a.pt", stored_zip({{"a/data.pkl", pickle + "h\1)R."}}))), "copies its data over and over");

  // Thirty dictionaries, each holding the one before twice.
  pickle = "\x80\x02}q" + little(0, 1);
  for (int i = 1; i < 30; ++i) {
    const std::string before = "h" + little(static_cast<std::uint64_t>(i - 1), 1);
    pickle += "}q" + little(static_cast<std::uint64_t>(i), 1) + "(" + short_text("a") + before + short_text("b") + before + "u";
  }
  EXPECT_SAYS(refused(scratch.file("b.pt", stored_zip({{"a/data.pkl", pickle + "."}}))), "b.pt: ");
  // One that holds itself.
  pickle = "\x80\x02}q" + little(0, 1) + short_text("a") + "h" + little(0, 1) + "s.";
  EXPECT_SAYS(refused(scratch.file("c.pt", stored_zip({{"a/data.pkl", pickle}}))), "nested more than 16 deep");
}

TEST(TensorFiles, RefusesDamagedSafetensors) {
  const Scratch scratch;
  const std::string data(16, '\1');
  const auto said = [&](const std::string& header) { return refused(scratch.file("a.safetensors", safetensors_bytes(header, data))); };
  const auto entry = [](const std::string& name, const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return '"' + name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + '}';
  };
  const std::string first = entry("a", "F32", "[2]", "[0,8]");
  EXPECT_EQ(open_tensors(scratch.file("good.safetensors", safetensors_bytes("{" + first + "," + entry("b", "BF16", "[2,2]", "[8,16]") + "}   ", data)))
                ->tensors().size(), 2U);
  EXPECT_SAYS(said("{" + first + "," + entry("b", "F32", "[2]", "[4,12]") + "}"), "the tensor b overlaps");
  EXPECT_SAYS(said("{" + first + "," + entry("b", "F32", "[1]", "[12,16]") + "}"), "the tensor b leaves a gap");
  EXPECT_SAYS(said("{" + first + "}"), "8 bytes after the last tensor");
  EXPECT_SAYS(said("{" + first + "," + entry("b", "F32", "[4]", "[8,24]") + "}"), "the tensor b lies beyond the end of the file");
  EXPECT_SAYS(said("{" + first + "," + entry("a", "F32", "[2]", "[8,16]") + "}"), "the tensor a stands twice");
  EXPECT_SAYS(said("{" + entry("a", "F33", "[2]", "[0,16]") + "}"), "the tensor a has the dtype F33");
  EXPECT_SAYS(said("{" + entry("a", "F32", "[3]", "[0,16]") + "}"), "has the shape [3] of F32 but 16 bytes");
  EXPECT_SAYS(said("{" + entry("a", "F32", "[-4]", "[0,16]") + "}"), "not whole numbers");
  EXPECT_SAYS(said("{" + entry("a", "F32", "[4611686018427387904,4]", "[0,16]") + "}"), "but 16 bytes");
  EXPECT_SAYS(said("{" + entry("a", "F32", "[4]", "[16,0]") + "}"), "damaged data_offsets");
  EXPECT_SAYS(said(R"({"a":{"dtype":"F32","shape":[4]}})"), "the tensor a has no data_offsets");
  EXPECT_SAYS(said(R"({"a":3})"), "not described by an object");
  EXPECT_SAYS(said(R"({"a": )"), "the header is not JSON");
  EXPECT_SAYS(refused(scratch.file("huge.safetensors", little(std::uint64_t{1} << 40, 8) + "{}" + data)), "more than the 100 MB");
  EXPECT_SAYS(refused(scratch.file("long.safetensors", little(50'000'000, 8) + "{}" + data)), "cut off inside its header");
}

TEST(TensorFiles, RoundTripIsExactAndMisalignedDataIsCopied) {
  const Scratch scratch;
  torch::manual_seed(1);
  std::map<std::string, at::Tensor> tensors = {{"half", torch::randn({3}).to(at::kHalf)}, {"bytes", torch::arange(7).to(at::kByte)},
                                               {"bf16", torch::randn({2, 3}).to(at::kBFloat16)}, {"none", torch::zeros({0, 3})},
                                               {"scalar", torch::tensor(4.0)}, {"turned", torch::randn({4, 3}).t()}};
  write_safetensors(scratch / "a.safetensors", tensors, {{"format", "pt"}});
  EXPECT_FALSE(fs::exists(scratch / "a.safetensors.part"));
  const auto source = open_tensors(scratch / "a.safetensors");
  for (const auto& [name, tensor] : tensors) EXPECT_TRUE(torch::equal(source->read(name), tensor)) << name;
  EXPECT_SAYS(refusal([&] { source->read("unknown"); }), "no tensor unknown");

  const std::string odd = R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}})";
  const float values[] = {1.5F, -2.0F};
  std::string data(9, '\0');
  std::memcpy(data.data() + 1, values, 8);
  const auto misaligned = open_tensors(scratch.file("odd.safetensors", safetensors_bytes(odd, data)));
  EXPECT_TRUE(torch::equal(misaligned->read("b"), torch::tensor({1.5F, -2.0F})));
}

TEST(TensorFiles, AnUnfinishedWriterLeavesNothing) {
  const Scratch scratch;
  {
    SafetensorsWriter writer(scratch / "a.safetensors", {{"a", at::kFloat, {2}, ""}, {"b", at::kFloat, {2}, ""}});
    writer.write("a", torch::zeros({2}));
    EXPECT_THROW(writer.write("b", torch::zeros({3})), std::logic_error);
    EXPECT_THROW(writer.write("c", torch::zeros({2})), std::logic_error);
    EXPECT_THROW(writer.finish(), std::logic_error);
  }
  EXPECT_TRUE(fs::is_empty(scratch.path()));
  refusal([&] { write_safetensors(scratch / "no/such/folder/a.safetensors", {{"a", torch::zeros({2})}}); }, ErrorKind::cannot_run);
  EXPECT_SAYS(refusal([&] { SafetensorsWriter(scratch / "a", {{"a", at::kFloat, {2}, ""}, {"a", at::kFloat, {2}, ""}}); }), "twice");
}

class Folders : public testing::Test {
 protected:
  void SetUp() override {
    write_safetensors(scratch_ / "one.safetensors", {{"a", torch::ones({2})}, {"b", torch::ones({3})}});
    write_safetensors(scratch_ / "two.safetensors", {{"c", torch::ones({4})}});
  }
  void index(const std::string& text, const std::string& name = "model.safetensors.index.json") { scratch_.file(name, text); }
  Scratch scratch_;
};

TEST_F(Folders, ReadsShardsByTheIndex) {
  index(R"({"metadata":{"total_size":36},"weight_map":{"a":"one.safetensors","b":"one.safetensors","c":"two.safetensors"}})");
  const auto source = open_tensors(scratch_.path());
  ASSERT_EQ(source->tensors().size(), 3U);
  EXPECT_EQ(source->find("c")->file, (scratch_ / "two.safetensors").string());
  EXPECT_EQ(source->read("c").numel(), 4);
  // The shards of torch.save do too, also mixed.
  fs::copy_file(kData / "module.pth", scratch_ / "pytorch_model-1.bin");
  fs::remove(scratch_ / "model.safetensors.index.json");
  index(R"({"weight_map":{"0.weight":"pytorch_model-1.bin","c":"two.safetensors"}})", "pytorch_model.bin.index.json");
  EXPECT_EQ(open_tensors(scratch_.path())->tensors().size(), 2U);
}

TEST_F(Folders, RefusesBrokenIndices) {
  EXPECT_SAYS(refused(scratch_.path()), "2 weight files and no *.index.json");
  index(R"({"metadata":{}})");
  EXPECT_SAYS(refused(scratch_.path()), "the index has no weight_map");
  index("{");
  EXPECT_SAYS(refused(scratch_.path()), "the index is not JSON");
  index(R"({"weight_map":{"a":"three.safetensors"}})");
  EXPECT_SAYS(refused(scratch_.path()), "the index names three.safetensors, which is not in the folder");
  index(R"({"weight_map":{"z":"two.safetensors"}})");
  EXPECT_SAYS(refused(scratch_.path()), "two.safetensors: the tensor z is not in it");
  index(R"({"weight_map":{"c":"../two.safetensors"}})");
  EXPECT_SAYS(refused(scratch_.path()), "not a file of its folder");
  index(R"({"weight_map":{"c":3}})");
  EXPECT_SAYS(refused(scratch_.path()), "the file of c is not a name");
  const std::string whole = content(scratch_ / "two.safetensors");
  scratch_.file("two.safetensors", whole.substr(0, whole.size() - 3));
  index(R"({"weight_map":{"a":"one.safetensors","c":"two.safetensors"}})");
  EXPECT_SAYS(refused(scratch_.path()), "two.safetensors: the tensor c lies beyond the end of the file");
}

TEST_F(Folders, TakesTheOnlyWeights) {
  const Scratch other;
  EXPECT_SAYS(refused(other.path()), "there are no weights in this folder");
  fs::copy_file(kData / "module.pth", other / "sam.pth");
  other.file("training_args.bin", "x");
  EXPECT_EQ(open_tensors(other.path())->tensors().size(), 7U);
  write_safetensors(other / "model.safetensors", {{"a", torch::ones({2})}});
  EXPECT_EQ(open_tensors(other.path())->tensors().size(), 1U);
}

}  // namespace
}  // namespace tactus::checkpoint
