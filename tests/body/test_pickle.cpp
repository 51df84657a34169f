// The restricted reader of pickles: nothing is executed, and whatever is damaged or hostile is refused in words.
#include <gtest/gtest.h>

#include <set>

#include "expect_refused.h"
#include "fixture.h"
#include "tactus/io/pickle.h"
#include "tactus/random.h"

namespace tactus::io {
namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;
using Kind = PickleValue::Kind;
using Bytes = std::vector<std::uint8_t>;

Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }
PicklePointer read(const std::string& pickle) { return read_pickle(bytes_of(pickle), "test.pkl"); }
void expect_pickle_refused(const std::string& pickle, const std::string& word) {
  expect_refused([&] { read(pickle); }, word);
}

Bytes fixture_bytes(const std::string& name) { return read_file(fs::path(TACTUS_FIXTURES) / name); }

constexpr const char* kPlainFixtures[] = {"smpl_small_protocol0.pkl", "smpl_small_protocol2.pkl",
                                          "smpl_small_protocol4.pkl", "smpl_small_protocol5.pkl",
                                          "smpl_small_python2.pkl", "joblib_plain.pkl"};

// What a reader of model files does with a pickle that could be read.
void use(const PickleValue& root) {
  for (const auto& [key, value] : root.pairs) {
    try {
      numeric_array(*value, key->text);
    } catch (const Error&) {   // not every value is an array
    }
  }
}

TEST(Pickle, PlainValuesAreRead) {
  const auto root = read("\x80\x02}(U\1aK\x05U\1bJ\xfe\xff\xff\xffU\1cG\x3f\xf8\0\0\0\0\0\0U\1d\x88U\1eNU\1fX\3\0\0\0"
                         "\xe2\x86\x92U\1g\x8a\3\0\0\xffU\1h(K\1K\2tU\1i]K\3au."s);
  EXPECT_EQ(root->find("a")->integer, 5);
  EXPECT_EQ(root->find("b")->integer, -2);
  EXPECT_EQ(root->find("c")->real, 1.5);
  EXPECT_EQ(root->find("d")->kind, Kind::boolean);
  EXPECT_EQ(root->find("e")->kind, Kind::none);
  EXPECT_EQ(root->find("f")->text, "→");
  EXPECT_EQ(root->find("g")->integer, -65536);
  EXPECT_EQ(root->find("h")->items.at(1)->integer, 2);
  EXPECT_EQ(root->find("i")->items.at(0)->integer, 3);
  EXPECT_EQ(root->find("none"), nullptr);
  const auto text = read_pickle(fixture_bytes("smpl_small_protocol0.pkl"), "text");
  EXPECT_EQ(text->find("name")->text, "café →");
  EXPECT_EQ(read("I01\n.")->kind, Kind::boolean);
  EXPECT_EQ(read("L-12L\n.")->integer, -12);
  EXPECT_EQ(read("F-0.25\n.")->real, -0.25);
  EXPECT_EQ(read("S'a\\x41\\n\\''\n.")->text, "aA\n'");
}

TEST(Pickle, ArraysOfJoblibAreRead) {
  for (const char* name : {"joblib_plain.pkl", "joblib_zlib.pkl"}) {
    const Bytes bytes = decompressed(fixture_bytes(name), name);
    const auto root = read_pickle(bytes, name);
    const NumericArray matrix = numeric_array(*root->find("matrix"), name);
    ASSERT_EQ(matrix.shape, (std::vector<std::int64_t>{7, 5})) << name;
    for (int i = 0; i < 35; ++i) EXPECT_EQ(matrix.values.at(static_cast<std::size_t>(i)), i / 8.0) << name;
    EXPECT_EQ(root->find("after")->text, "the array");
  }
}

TEST(Pickle, ForeignConstructorsAreRefusedByNameAndNothingRuns) {
  const fs::path trace = fs::temp_directory_path() / ("tactus_pickle_ran_" + std::to_string(::getpid()));
  fs::remove(trace);
  const std::string command = "touch " + trace.string();
  expect_pickle_refused("cos\nsystem\n(S'" + command + "'\ntR.", "os.system");
  expect_pickle_refused("cposix\nsystem\n(S'" + command + "'\ntR.", "posix.system");
  expect_pickle_refused("c__builtin__\neval\n(S'1'\ntR.", "__builtin__.eval");
  expect_pickle_refused("\x80\x04\x8c\x0asubprocess\x8c\x05Popen\x93)R."s, "subprocess.Popen");
  expect_pickle_refused("\x80\x02" "cnumpy.core.multiarray\nfromfile\n)R."s, "numpy.core.multiarray.fromfile");
  // A known name behind another module, or a method of a known class, is another name.
  expect_pickle_refused("cevil\n_reconstruct\n)R.", "evil._reconstruct");
  expect_pickle_refused("\x80\x04\x8c\x05numpy\x8c\x0dndarray.dumps\x93)R."s, "numpy.ndarray.dumps");
  EXPECT_FALSE(fs::exists(trace));
  // What chumpy names is kept as a bag of parts, never run.
  const auto bag = read("cchumpy.ch\nanything\n(S'" + command + "'\ntR.");
  EXPECT_EQ(bag->kind, Kind::object);
  EXPECT_FALSE(fs::exists(trace));
  // An object that is asked for __setstate__ only keeps its state.
  const auto kept = read("ccopy_reg\n_reconstructor\n(cchumpy.ch\nCh\nc__builtin__\nobject\nNtR}S'x'\nI4\nsb.");
  EXPECT_EQ(kept->text, "chumpy.ch Ch");
  EXPECT_EQ(kept->find("x")->integer, 4);
}

TEST(Pickle, InstructionsOffTheListAreRefusedByName) {
  const std::pair<int, const char*> named[] = {
      {'P', "PERSID"}, {'i', "INST"}, {'o', "OBJ"}, {0x82, "EXT1"}, {0x83, "EXT2"}, {0x84, "EXT4"},
      {0x8f, "EMPTY_SET"}, {0x90, "ADDITEMS"}, {0x91, "FROZENSET"}, {0x92, "NEWOBJ_EX"}, {0x97, "NEXT_BUFFER"},
      {0x98, "READONLY_BUFFER"}};
  for (const auto& [op, name] : named) {
    std::string pickle = "(NN";
    pickle += static_cast<char>(op);
    expect_pickle_refused(pickle + std::string(40, '\n'), "instruction "s + name);
  }
  // Those that are no instruction of Python at all.
  const std::string all = "(.012FGIJKLMNPQRSTUVX\\abc]deghijlo}pqrstu)BC";
  int foreign = 0;
  for (int op = 0; op < 256; ++op) {
    if (all.find(static_cast<char>(op)) != std::string::npos || (op >= 0x80 && op <= 0x98)) continue;
    std::string pickle = "(NN";
    pickle += static_cast<char>(op);
    expect_pickle_refused(pickle + std::string(40, '\n'), "instruction number " + std::to_string(op));
    ++foreign;
  }
  EXPECT_GT(foreign, 150);
  expect_pickle_refused("K\1Q.", "outside");
}

TEST(Pickle, CutOffFilesAreRefusedWhereverTheyEnd) {
  for (const char* name : kPlainFixtures) {
    const Bytes bytes = fixture_bytes(name);
    read_pickle(bytes, name);
    const std::size_t stride = std::max<std::size_t>(1, bytes.size() / 400);
    for (std::size_t n = 0; n < bytes.size(); n += n < 300 || n + 300 > bytes.size() ? 1 : stride) {
      const Bytes part(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
      EXPECT_THROW(read_pickle(part, name), Error) << name << " cut at " << n;
    }
  }
}

TEST(Pickle, ChangedBytesAreReadOrRefused) {
  Random random(31);
  int refused = 0, read_well = 0;
  for (const char* name : kPlainFixtures) {
    const Bytes bytes = fixture_bytes(name);
    for (int i = 0; i < 400; ++i) {
      Bytes changed = bytes;
      for (int k = 0; k <= i % 4; ++k)
        changed[random.below(static_cast<std::uint32_t>(i % 2 == 0 ? changed.size() : 400))] =
            static_cast<std::uint8_t>(random.below(256));
      try {
        use(*read_pickle(changed, name));
        ++read_well;
      } catch (const Error& e) {
        EXPECT_EQ(e.kind(), ErrorKind::bad_input);
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 200);
  EXPECT_GT(read_well, 200);
}

TEST(Pickle, RandomInstructionsAreReadOrRefused) {
  const std::string ops = "(012NIKMJ]}ltaesudqhtR)b\x85\x86\x87\x88\x94\x81.";
  const std::string start = "\x80\x02"s + "cnumpy\nndarray\nq\1cnumpy\ndtype\nq\2U\2f8q\3ccollections\nOrderedDict\nq\4";
  Random random(32);
  for (int i = 0; i < 4000; ++i) {
    std::string pickle = start;
    for (int k = 0; k < 60; ++k) {
      pickle += ops[random.below(static_cast<std::uint32_t>(ops.size()))];
      if ("KqhMJI"s.find(pickle.back()) != std::string::npos) {
        if (pickle.back() == 'I') pickle += "7\n";
        else pickle += std::string(pickle.back() == 'J' ? 4 : pickle.back() == 'M' ? 2 : 1, static_cast<char>(random.below(5)));
      }
    }
    try {
      use(*read(pickle));
    } catch (const Error&) {
    }
  }
}

TEST(Pickle, ValuesThatHoldThemselvesAreRefused) {
  expect_pickle_refused("]q\0h\0a."s, "holds itself");
  expect_pickle_refused("}q\0K\1h\0s."s, "holds itself");
  expect_pickle_refused("]q\0(h\0tq\1ah\1."s, "holds itself");
  expect_pickle_refused("ccopy_reg\n_reconstructor\n(cchumpy.ch\nCh\nc__builtin__\nobject\nNtRq\0}S'x'\nh\0sb."s,
                        "holds itself");
  // The same value in two places is no circle.
  EXPECT_EQ(read("(]q\0h\0h\0l."s)->items.size(), 3U);
  // A circle that the result does not hold.
  EXPECT_EQ(read("]q\0h\0a0K\7."s)->integer, 7);
}

TEST(Pickle, DepthCostsNoStack) {
  constexpr std::size_t kDeep = 300'000;
  const auto root = read(std::string(kDeep, ']') + std::string(kDeep - 1, 'a') + ".");
  EXPECT_EQ(root->items.size(), 1U);
  expect_pickle_refused(std::string(kDeep, ']') + std::string(kDeep - 1, 'a'), "cut off");
  expect_pickle_refused(std::string(kDeep, '(') + ".", "damaged");
}

TEST(Pickle, AbsurdLengthsAreRefusedBeforeMemoryIsTaken) {
  for (const char* op : {"X", "T", "B"}) expect_pickle_refused(op + "\xff\xff\xff\xff"s + "abc.", "cut off");
  for (const char* op : {"\x8d", "\x8e", "\x96"})
    expect_pickle_refused(op + "\xff\xff\xff\xff\xff\xff\xff\x7f"s + "abc.", "cut off");
  expect_pickle_refused("\x8b\xff\xff\xff\x7f."s, "cut off");
  expect_pickle_refused("\x8a\x09" + std::string(9, '\1') + ".", "64 bits");
  expect_pickle_refused("I99999999999999999999\n.", "number");
  // An array of 2⁴⁰ × 2⁴⁰ numbers in eight bytes.
  const std::string array =
      "cnumpy.core.multiarray\n_reconstruct\n)R(K\1\x8a\6\0\0\0\0\0\1\x8a\6\0\0\0\0\0\1\x86"
      "cnumpy\ndtype\n(U\2f8tR\x89U\x08" "abcdefghtb."s;
  const auto root = read(array);
  expect_refused([&] { numeric_array(*root, "array"); }, "shape");
  const std::string sparse =
      "cscipy.sparse.csc\ncsc_matrix\n)\x81}(U\6_shape\x8a\5\0\0\0\0\1\x8a\5\0\0\0\0\1\x86ub."s;
  expect_refused([&] { numeric_array(*read(sparse), "matrix"); }, "16 million");
  // The same million bytes as array after array.
  std::string again = "cnumpy.core.numeric\n_frombuffer\nq\1cnumpy\ndtype\n(U\2u1tRq\2T\x40\x42\x0f\0"s +
                      std::string(1'000'000, 'x') + "q\3(";
  for (int i = 0; i < 1000; ++i) again += "h\1(h\3h\2J\x40\x42\x0f\0\x85U\1CtR"s;
  expect_pickle_refused(again + "l.", "over and over");
}

TEST(Pickle, TensorsOfAbsurdShapesAreRefused) {
  const auto tensor = [](const std::string& shape, const std::string& strides, const std::string& first) {
    return "ctorch._utils\n_rebuild_tensor_v2\n((S'storage'\nctorch\nFloatStorage\nS'0'\nS'cpu'\nI2\ntQ" + first +
           shape + strides + "tR.";
  };
  const StorageReader storage = [](const std::string&) { return Bytes(8); };
  const auto read_tensor = [&](const std::string& pickle) { return read_pickle(bytes_of(pickle), "tensor", storage); };
  EXPECT_EQ(array_as_doubles(*read_tensor(tensor("(I2\nt", "(I1\nt", "I0\n")), "tensor").size(), 2U);
  const std::string big = "L4294967296\n", one = "I1\n";
  expect_refused([&] { read_tensor(tensor("(" + big + big + big + big + "t", "(" + one + one + one + one + "t", "I0\n")); },
                 "shape");
  expect_refused([&] { read_tensor(tensor("(I3\nt", "(I1\nt", "I0\n")); }, "cut off");
  expect_refused([&] { read_tensor(tensor("(I2\nt", "(I1\nt", "I1\n")); }, "cut off");
  expect_refused([&] { read_tensor(tensor("(I2\nt", "(I1\nt", "I-1\n")); }, "cut off");
  expect_refused([&] { read_tensor(tensor("(I-2\nt", "(I1\nt", "I0\n")); }, "shape");
  expect_refused([&] { read_tensor(tensor("(I2\nt", "(I2\nt", "I0\n")); }, "contiguous");
  expect_refused([&] { read_tensor(tensor("(I2\nt", "(t", "I0\n")); }, "strides");
}

}  // namespace
}  // namespace tactus::io
