// tactus synth.
#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "commands.h"
#include "tactus/app/ports.h"
#include "tactus/io/npz.h"
#include "tactus/io/picture.h"
#include "tactus/io/staged_folder.h"
#include "tactus/parallel.h"
#include "tactus/synth/contact_sheet.h"
#include "tactus/synth/language.h"
#include "tactus/synth/pictures.h"
#include "tactus/synth/scene.h"
#include "terminal_progress.h"

namespace tactus::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct SynthArguments {
  std::string out, split = "train", sheet;
  int count = 16, size = 320;
  std::uint64_t seed = 1;
  double variation = 1.0;
};

synth::Split split_named(const std::string& name) {
  if (name == "train") return synth::Split::train;
  if (name == "validation") return synth::Split::validation;
  if (name == "test") return synth::Split::test;
  throw bad_input("--split: " + name + " is none; train, validation and test are");
}

const char* placement_name(synth::Placement placement) {
  switch (placement) {
    case synth::Placement::touched: return "touched";
    case synth::Placement::far: return "far";
    case synth::Placement::beside: return "beside";
    case synth::Placement::in_front: return "in front";
    case synth::Placement::behind: return "behind";
    case synth::Placement::near_miss: return "near miss";
  }
  return "";
}

Json rows_of(const Eigen::Matrix4d& m) {
  Json rows = Json::array();
  for (int r = 0; r < 4; ++r) rows.push_back({m(r, 0), m(r, 1), m(r, 2), m(r, 3)});
  return rows;
}

// COCO's triples: x, y, flag; 1 when something is before the joint, 0 off the picture.
Json keypoints_of(const synth::Scene& scene, const synth::Picture& picture) {
  Json values = Json::array();
  for (int j = 0; j < body::kKeypointCount; ++j) {
    const Eigen::Vector3d point = scene.keypoints.row(j).transpose();
    Eigen::Vector2d at(-1.0, -1.0);
    if (point.z() > 0.05) at = picture.camera.project(point);
    const bool inside = at.x() >= 0 && at.y() >= 0 && at.x() < picture.rgb.width && at.y() < picture.rgb.height;
    const bool seen = inside && picture.labels.at(static_cast<int>(at.x()), static_cast<int>(at.y())) == synth::kBody;
    values.push_back(inside ? at.x() : 0.0);
    values.push_back(inside ? at.y() : 0.0);
    values.push_back(inside ? (seen ? 2 : 1) : 0);
  }
  return values;
}

Json describe(const synth::Scene& scene, const synth::Picture& picture, const std::string& name, std::uint64_t seed) {
  const auto& c = picture.camera;
  Json objects = Json::array();
  for (std::size_t k = 0; k < scene.objects.size(); ++k) {
    const auto& o = scene.objects[k];
    Random random(seed, k);
    const bool touched = !o.body_parts.empty();
    const auto words = synth::ask(scene, static_cast<int>(k), touched, random);
    objects.push_back({{"label", synth::kFirstObject + k}, {"category", o.object->category}, {"interaction", synth::interaction_name(o.interaction)},
                       {"placement", placement_name(o.placement)}, {"distance_m", o.distance_m}, {"body_parts", o.body_parts},
                       {"object_parts", o.object_parts}, {"photo_from_object", rows_of(o.photo_from_object.matrix())},
                       {"question", words.question}, {"answer", words.answer}});
  }
  return {{"name", name}, {"seed", scene.seed}, {"body", scene.body_id},
          {"camera", {{"width", c.width}, {"height", c.height}, {"focal", {c.focal_x, c.focal_y}}, {"centre", {c.centre_x, c.centre_y}}}},
          {"keypoints", keypoints_of(scene, picture)}, {"photo_from_body", rows_of(scene.photo_from_body.matrix())}, {"objects", objects}};
}

void write_truth(const fs::path& file, const synth::Scene& scene) {
  io::NpzWriter npz(file);
  const auto flat = [](const auto& m) { return std::span(m.data(), static_cast<std::size_t>(m.size())); };
  npz.add("body_vertices", {static_cast<std::size_t>(scene.vertices.rows()), 3}, flat(scene.vertices));
  npz.add("pose", {static_cast<std::size_t>(scene.pose.rotations.rows()), 3}, flat(scene.pose.rotations));
  npz.add("keypoints", {static_cast<std::size_t>(body::kKeypointCount), 3}, flat(scene.keypoints));
  for (std::size_t k = 0; k < scene.objects.size(); ++k) {
    const auto& o = scene.objects[k];
    const std::string prefix = "object_" + std::to_string(k) + "_";
    npz.add(prefix + "body_contact", {o.body_contact.size()}, std::span(o.body_contact));
    npz.add(prefix + "object_contact", {o.object_contact.size()}, std::span(o.object_contact));
    npz.add(prefix + "vertices", {static_cast<std::size_t>(o.object->mesh.vertices.rows()), 3}, flat(o.object->mesh.vertices));
    npz.add(prefix + "faces", {static_cast<std::size_t>(o.object->mesh.faces.rows()), 3}, flat(o.object->mesh.faces));
  }
  npz.finish();
}

struct Made {
  Json description;
  ImageU8 tile;
};

void run(const SynthArguments& arguments, const Context& context) {
  const auto split = split_named(arguments.split);
  if (arguments.count < 1 || arguments.count > 1'000'000) throw bad_input("--count: " + std::to_string(arguments.count) + " is outside 1 to 1000000");
  if (arguments.size < 32 || arguments.size > 2048) throw bad_input("--size: " + std::to_string(arguments.size) + " is outside 32 to 2048 pixels");
  if (!(arguments.variation >= 0.0 && arguments.variation <= 1.0)) throw bad_input("--variation: it must be between 0 and 1");
  check_out(arguments.out);
  std::vector<Made> made(static_cast<std::size_t>(arguments.count));
  {
    TerminalProgress bar(!context.json && !context.quiet);
    const Progress progress = bar.progress(context.stop);
    io::StagedFolder out(arguments.out);
    const auto ports = app::make_ports();
    const synth::SceneMaker maker(ports.body_model, split, {}, progress.part(0.0, 0.1, "Bodies and objects"));
    const Progress drawing = progress.part(0.1, 0.95, "Scenes");
    std::atomic<int> done{0};
    constexpr std::size_t kMostTiles = 48;
    const auto make_one = [&](std::size_t i) {
      drawing.check();
      const std::uint64_t seed = arguments.seed + i;
      const synth::Scene scene = maker.make(seed);
      Random random(seed, 7);
      synth::PictureOptions options;
      options.larger_side = arguments.size;
      options.variation = arguments.variation;
      const synth::Picture picture = synth::draw(scene, maker.body_model(), options, random);
      char name[16];
      std::snprintf(name, sizeof name, "%06d", static_cast<int>(i));
      io::write_picture(out.path() / (std::string(name) + ".png"), picture.rgb);
      io::write_picture(out.path() / (std::string(name) + "_labels.png"), picture.labels);
      io::write_picture(out.path() / (std::string(name) + "_parts.png"), picture.body_parts);
      write_truth(out.path() / (std::string(name) + ".npz"), scene);
      Made& result = made[i];
      result.description = describe(scene, picture, name, seed);
      if (i < kMostTiles) result.tile = synth::annotated(scene, maker.body_model(), picture);
      drawing.report(static_cast<double>(++done) / arguments.count);
    };
    parallel_for(made.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) make_one(i);
    });
    Json all = {{"split", arguments.split}, {"seed", arguments.seed}, {"body_part_names", maker.body_model().part_names()}};
    std::vector<ImageU8> tiles;
    for (auto& m : made) {
      all["scenes"].push_back(std::move(m.description));
      if (!m.tile.empty()) tiles.push_back(std::move(m.tile));
    }
    io::write_picture(out.path() / "sheet.png", synth::tiled(tiles, 6));
    std::ofstream list(out.path() / "scenes.json");
    list << all.dump(1) << '\n';
    list.close();
    if (!list) throw cannot_run(arguments.out + ": scenes.json could not be written; check the disk");
    progress.check();
    out.commit();
  }
  if (context.json) std::printf("%s\n", Json{{"scenes", arguments.count}, {"out", arguments.out}}.dump(2).c_str());
  else std::printf("%d scenes written to %s; sheet.png shows the first of them with their truth\n", arguments.count, arguments.out.c_str());
}

}  // namespace

void add_synth(CLI::App& app, Context& context, Command& chosen) {
  auto arguments = std::make_shared<SynthArguments>();
  CLI::App* command = app.add_subcommand("synth", "Made scenes of people and objects with their truth: pictures, masks, joints, poses, contact");
  command->footer("Each scene is NNNNNN.png, its labels (0 nothing, 1 body, 2 in the way, 3 on the objects), body parts and truth in .npz;\n"
                  "scenes.json describes them all, sheet.png shows the first 48.\n"
                  "Example:\n  tactus synth --count 48 --seed 7 --out out/scenes");
  command->add_option("--out", arguments->out, "folder for the scenes; made when missing")->type_name("DIR");
  command->add_option("--count", arguments->count, "how many")->type_name("N")->capture_default_str();
  command->add_option("--seed", arguments->seed, "of the first scene; the next one has the next")->type_name("N")->capture_default_str();
  command->add_option("--split", arguments->split, "train, validation or test: other bodies, objects and scenes each")->type_name("NAME")->capture_default_str();
  command->add_option("--size", arguments->size, "larger side of the pictures, 32 to 2048 pixels")->type_name("N")->capture_default_str();
  command->add_option("--variation", arguments->variation, "of light, cloth, surroundings and quality, 0 to 1")->type_name("X")->capture_default_str();
  add_common_flags(*command, context);
  command->callback([&chosen, arguments] { chosen = [arguments](const Context& c) { run(*arguments, c); }; });
}

}  // namespace tactus::cli
