#include "official_contact.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "tactus/contact/lift.h"
#include "tactus/io/mesh_files.h"
#include "tactus/io/npz.h"
#include "tactus/io/official_contact.h"
#include "tactus/io/picture.h"
#include "tactus/io/staged_folder.h"
#include "tactus/pipeline/analysis.h"
#include "tactus/render/cpu.h"
#include "terminal_progress.h"
#include "stage_dump.h"

namespace tactus::cli {
namespace {

namespace fs = std::filesystem;
using Answer = app::CheckpointAnswer;
using nlohmann::ordered_json;

const std::string kBoth = "hcontact-ocontact";
constexpr std::array<std::uint8_t, 3> kRed = {255, 38, 25}, kCyan = {0, 255, 255};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// What a task marks: the views of the body, those of the object; otherwise the photograph.
bool is_human(const std::string& task) { return task.starts_with("hcontact"); }
bool is_object(const std::string& task) { return task == "oafford" || task == "ocontact"; }

bool is_photograph(const fs::path& path) {
  const std::string extension = lower(path.extension().string());
  std::error_code error;
  return (extension == ".jpg" || extension == ".jpeg" || extension == ".png") && fs::is_regular_file(path, error);
}

struct Sample {
  fs::path photo, folder;   // `folder` holds the object's mesh
  std::string object;
  bool alone = false;       // a photograph without a folder of its own: the demo's file mode
};

std::string object_of(const fs::path& photo, const OfficialContact& arguments) {
  if (!arguments.object.empty()) return arguments.object;
  const std::string stem = photo.stem().string();
  const auto at = stem.find("__");
  if (at == std::string::npos || at == 0) {
    throw bad_input(photo.string() + ": the name does not say the object; rename it to OBJECT__NAME" + photo.extension().string() +
                    " (bottle__000001.jpg), or give --object NAME");
  }
  return lower(stem.substr(0, at));
}

std::vector<Sample> samples_of(const OfficialContact& arguments) {
  const fs::path photo = arguments.photo;
  std::error_code error;
  if (!fs::is_directory(photo, error)) {
    if (!fs::exists(photo, error)) throw bad_input(photo.string() + ": there is no such photograph or folder");
    return {{photo, photo.has_parent_path() ? photo.parent_path() : fs::path("."), object_of(photo, arguments), true}};
  }
  std::vector<Sample> samples;
  for (const auto& entry : fs::directory_iterator(photo)) {
    if (entry.is_directory()) {
      for (const char* extension : {".jpg", ".jpeg", ".png"}) {
        const fs::path inside = entry.path() / (entry.path().filename().string() + extension);
        if (is_photograph(inside)) {
          samples.push_back({inside, entry.path(), object_of(inside, arguments), false});
          break;
        }
      }
    } else if (is_photograph(entry.path()) && entry.path().stem().string().find("__") != std::string::npos) {
      samples.push_back({entry.path(), photo, object_of(entry.path(), arguments), true});
    }
  }
  if (samples.empty()) {
    throw bad_input(photo.string() + ": no photograph was found; the folder should hold OBJECT__NAME.jpg files, or folders S with S/S.jpg");
  }
  std::sort(samples.begin(), samples.end(), [](const Sample& a, const Sample& b) { return a.photo < b.photo; });
  return samples;
}

// What the runs of one command share.
struct Session {
  const OfficialContact& arguments;
  std::shared_ptr<app::Checkpoint> model;
  std::unique_ptr<views::ViewRenderer> renderer = render::make_cpu_view_renderer();
  std::optional<io::CanonicalPictures> body;
  std::optional<io::SmplxMapping> mapping;
  std::optional<geometry::Mesh> smplx;
  std::string model_name;

  explicit Session(const OfficialContact& a) : arguments(a) {
    fs::path folder = fs::absolute(a.model.model).lexically_normal();
    model_name = (folder.has_filename() ? folder : folder.parent_path()).filename().string();
  }
  const io::CanonicalPictures& body_pictures(const Progress& progress) {
    if (!body) {
      if (arguments.data.empty()) {
        throw bad_input("--data: contact on the published body needs the published data folder (hcontact_vitruvian, or SMPL-H); "
                        "without --official-layout Tactus's own body is used");
      }
      body = io::read_body_pictures(arguments.data, *renderer, progress);
      mapping = io::SmplxMapping::find(arguments.data);
      if (mapping) body->vertex_count = mapping->smpl_vertices();
      smplx = io::find_smplx_body(arguments.data);
    }
    return *body;
  }
};

struct TaskResult {
  std::string task;
  Answer answer;
  contact::VertexContact contact;     // empty for tasks in the photograph
  std::vector<std::string> notes;
  double seconds = 0.0;
};

contact::VertexContact lifted(const Answer& answer, const io::CanonicalPictures& pictures, bool body) {
  if (answer.masks.empty()) {
    return {Eigen::VectorXf::Zero(pictures.vertex_count), std::vector<std::uint8_t>(static_cast<std::size_t>(pictures.vertex_count), 0)};
  }
  std::vector<const views::RasterMaps*> maps;
  for (const auto& map : pictures.maps) maps.push_back(&map);
  contact::LiftOptions options;
  options.mode = Mode::official;
  return body ? contact::lift_body(answer.masks, maps, pictures.vertex_count, options)
              : contact::lift_object(answer.masks, maps, pictures.vertex_count, options);
}

geometry::Colours contact_colours(const Eigen::VectorXf& contact, float threshold) {
  geometry::Colours colours(contact.size(), 3);
  for (Eigen::Index i = 0; i < contact.size(); ++i) {
    colours.row(i) = contact[i] > threshold ? Eigen::RowVector3f(1.0F, 0.1F, 0.1F) : Eigen::RowVector3f(0.8F, 0.8F, 0.8F);
  }
  return colours;
}

void write_grid(const fs::path& folder, const std::string& stem, const io::CanonicalPictures& pictures, const Answer& answer,
                float threshold, const ImageU8* photo) {
  std::vector<ImageU8> drawn;
  for (std::size_t v = 0; v < pictures.pictures.size(); ++v) {
    drawn.push_back(answer.masks.empty() ? pictures.overlays[v]
                                         : io::mask_overlay(pictures.overlays[v], pictures.pictures[v], answer.masks[v], threshold, kRed, 0.5));
  }
  const ImageU8 grid = io::grid_of(drawn);
  io::write_picture(folder / (stem + "_concat.jpg"), grid);
  if (photo != nullptr) io::write_picture(folder / (stem + "_combined.jpg"), io::side_by_side(*photo, grid));
}

void write_masks(const fs::path& folder, const std::string& prefix, const std::vector<std::string>& names, const Answer& answer) {
  fs::create_directories(folder);
  for (std::size_t v = 0; v < answer.masks.size(); ++v) {
    const ImageF& logits = answer.masks[v];
    ImageU8 mask(logits.width, logits.height);
    for (std::size_t i = 0; i < mask.data.size(); ++i) mask.data[i] = logits.data[i] > 0.0F ? 255 : 0;
    io::write_picture(folder / (prefix + (v < names.size() ? names[v] : std::to_string(v)) + ".png"), mask);
  }
}

void write_human(const fs::path& out, const Sample& sample, const ImageU8& photo, Session& session, TaskResult& result) {
  const std::string stem = sample.photo.stem().string();
  const auto& pictures = *session.body;
  const auto& contact = result.contact.probability;
  const auto count = static_cast<std::size_t>(contact.size());
  io::NpzWriter npz(out / (stem + "_hcontact_vertices.npz"));
  npz.add("pred_contact_3d_smplh", {1, count}, std::span<const float>(contact.data(), count));
  Eigen::VectorXf smplx;
  if (session.mapping) {
    smplx = session.mapping->apply(contact);
    npz.add("pred_contact_3d_smplx", {static_cast<std::size_t>(smplx.size())}, std::span<const float>(smplx.data(), static_cast<std::size_t>(smplx.size())));
  } else {
    result.notes.emplace_back("smpl_to_smplx.pkl is not in --data: the contact is on SMPL-H alone, and the joint fit needs it on SMPL-X");
  }
  npz.finish();
  const fs::path shown = out / "contact_output";
  if (session.mapping && session.smplx && session.smplx->vertex_count() == smplx.size()) {
    const auto colours = contact_colours(smplx, 0.3F);
    io::write_obj(shown / (stem + "_smplx_body_with_hcontacts.obj"), *session.smplx, &colours);
  } else {
    result.notes.emplace_back("SMPL-X (SMPLX_NEUTRAL) is not in --data: no coloured mesh was written");
  }
  write_grid(shown, session.model_name + "_" + stem + "_" + result.task, pictures, result.answer, 0.3F, sample.alone ? &photo : nullptr);
  write_masks(out / "masks", "body_", pictures.names, result.answer);
  if (session.arguments.dump.empty()) return;
  result.answer.stages["vertex_contact"] = {{1, count}, {contact.begin(), contact.end()}, {}};
  if (session.mapping) result.answer.stages["vertex_contact_smplx"] = {{static_cast<std::size_t>(smplx.size())}, {smplx.begin(), smplx.end()}, {}};
}

void write_object(const fs::path& out, const Sample& sample, const io::ObjectPictures& object, Session& session, TaskResult& result) {
  const std::string stem = sample.photo.stem().string();
  const auto& contact = result.contact.probability;
  const auto count = static_cast<std::size_t>(contact.size());
  io::NpzWriter npz(out / (stem + "_oafford_vertices.npz"));
  npz.add("pred_contact_3d", {1, count}, std::span<const float>(contact.data(), count));
  npz.finish();
  const auto colours = contact_colours(contact, 0.5F);
  const fs::path shown = out / "contact_output";
  io::write_obj(shown / (stem + "_object_mesh_with_contacts_" + result.task + ".obj"), object.mesh, &colours);
  write_grid(shown, session.model_name + "_" + stem + "_" + result.task, object.views, result.answer, 0.5F, nullptr);
  write_masks(out / "masks", "object_", object.views.names, result.answer);
  if (object.drawn) io::write_object_pictures(out / "sam_inp_objs", object.views);
  if (!session.arguments.dump.empty()) result.answer.stages["vertex_contact"] = {{1, count}, {contact.begin(), contact.end()}, {}};
}

void write_flat(const fs::path& out, const Sample& sample, const ImageU8& photo, const Session& session, const TaskResult& result) {
  const std::string stem = sample.photo.stem().string();
  const fs::path folder = out / "contact2d_output" / stem;
  fs::create_directories(folder);
  io::write_picture(folder / "image.png", photo);
  ImageU8 red = photo, cyan = photo;
  for (const auto& logits : result.answer.masks) {
    red = io::mask_overlay(red, photo, logits, 0.5F, kRed, 0.6);
    cyan = io::mask_overlay(cyan, photo, logits, 0.5F, kCyan, 0.6);
  }
  io::write_picture(folder / (session.model_name + "_" + stem + "_red.png"), red);
  io::write_picture(folder / (session.model_name + "_" + stem + "_cyan.png"), cyan);
  write_masks(out / "masks", "photo_", {}, result.answer);
}

ordered_json report_of(const Sample& sample, const ImageU8& photo, const Session& session, const std::vector<TaskResult>& results) {
  ordered_json j;
  j["program"] = "tactus";
  j["version"] = TACTUS_VERSION;
  j["photograph"] = {{"name", sample.photo.filename().string()}, {"width", photo.width}, {"height", photo.height}};
  j["object"] = sample.object;
  j["model"] = {{"folder", session.model_name}, {"precision", session.model->precision()}, {"device", session.model->device()},
                {"weight_bytes", session.model->weight_bytes()}};
  j["tasks"] = ordered_json::array();
  ordered_json warnings = session.model->warnings();
  for (const auto& result : results) {
    ordered_json tokens = ordered_json::array();
    for (const auto& token : result.answer.tokens) {
      tokens.push_back({{"text", token.text}, {"probability", token.probability}, {"makes_mask", token.makes_mask}});
    }
    const float threshold = is_human(result.task) ? 0.3F : 0.5F;
    j["tasks"].push_back({{"task", result.task}, {"prompt", result.answer.question}, {"answer", result.answer.text},
                          {"decoded_text", result.answer.whole_text}, {"contact_tokens", result.answer.contact_tokens},
                          {"reached_limit", result.answer.reached_limit}, {"tokens", tokens}, {"seconds", result.seconds},
                          {"vertices_in_contact", (result.contact.probability.array() > threshold).count()}});
    for (const auto& warning : result.answer.warnings) warnings.push_back(warning);
    for (const auto& note : result.notes) warnings.push_back(note);
  }
  // The first question's also stand where `analyse` has them.
  j["prompt"] = results.front().answer.question;
  j["answer"] = results.front().answer.text;
  j["decoded_text"] = results.front().answer.whole_text;
  j["warnings"] = warnings;
  j["peak_memory_mb"] = pipeline::peak_memory_mb();
  return j;
}

void write_contacts(const fs::path& file, const std::vector<TaskResult>& results) {
  if (std::all_of(results.begin(), results.end(), [](const TaskResult& r) { return r.contact.probability.size() == 0; })) return;
  io::NpzWriter npz(file);
  for (const auto& result : results) {
    const auto count = static_cast<std::size_t>(result.contact.probability.size());
    if (count == 0) continue;
    const std::string side = is_human(result.task) ? "body" : "object";
    npz.add(side + "_contact", {count}, std::span<const float>(result.contact.probability.data(), count));
    npz.add(side + "_coverage", {count}, std::span<const std::uint8_t>(result.contact.coverage));
  }
  npz.finish();
}

TaskResult ask(Session& session, const Sample& sample, const ImageU8& photo, const std::string& name, const io::CanonicalPictures* pictures,
               const Progress& progress) {
  TaskResult result;
  result.task = name;
  app::CheckpointQuery query{photo, name, sample.object, session.arguments.prompt, {}, !session.arguments.dump.empty()};
  if (pictures != nullptr) {
    for (const auto& picture : pictures->pictures) query.pictures.push_back(&picture);
  } else {
    query.pictures.push_back(&photo);
  }
  const auto begin = std::chrono::steady_clock::now();
  result.answer = session.model->ask(query, progress);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (pictures != nullptr) {
    result.contact = lifted(result.answer, *pictures, is_human(name));
    result.notes = pictures->notes;
  }
  return result;
}

ordered_json run_sample(Session& session, const Sample& sample, const fs::path& out, const Progress& progress) {
  const ImageU8 photo = io::read_picture(sample.photo);
  const std::vector<std::string> tasks =
      session.arguments.task == kBoth ? std::vector<std::string>{"hcontact", "ocontact"} : std::vector<std::string>{session.arguments.task};
  io::StagedFolder staged(out);
  fs::create_directories(staged.path() / "contact_output");
  std::vector<TaskResult> results;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const Progress part = progress.part(static_cast<double>(i) / static_cast<double>(tasks.size()),
                                        static_cast<double>(i + 1) / static_cast<double>(tasks.size()), tasks[i]);
    if (is_human(tasks[i])) {
      const auto& pictures = session.body_pictures(part.part(0.0, 0.1));
      results.push_back(ask(session, sample, photo, tasks[i], &pictures, part.part(0.1, 0.9)));
      write_human(staged.path(), sample, photo, session, results.back());
    } else if (is_object(tasks[i])) {
      const auto object = io::read_object_pictures(sample.folder, session.model->object_cameras(), *session.renderer, part.part(0.0, 0.1));
      results.push_back(ask(session, sample, photo, tasks[i], &object.views, part.part(0.1, 0.9)));
      write_object(staged.path(), sample, object, session, results.back());
    } else {
      results.push_back(ask(session, sample, photo, tasks[i], nullptr, part.part(0.0, 0.9)));
      write_flat(staged.path(), sample, photo, session, results.back());
    }
    progress.check();
  }
  if (fs::is_empty(staged.path() / "contact_output")) fs::remove(staged.path() / "contact_output");
  write_contacts(staged.path() / "contacts.npz", results);
  const ordered_json report = report_of(sample, photo, session, results);
  std::ofstream(staged.path() / "report.json") << report.dump(2) << "\n";
  staged.commit();
  if (!session.arguments.dump.empty()) {
    app::Stages stages = std::move(results.front().answer.stages);
    for (std::size_t i = 1; i < results.size(); ++i) {
      for (auto& [name, array] : results[i].answer.stages) stages["object_" + name] = std::move(array);
    }
    dump_stages(session.arguments.dump, stages);
  }
  return report;
}

}  // namespace

std::vector<std::string> official_tasks() { return {"hcontact", "hcontact-wScene", "h2dcontact", "oafford", "ocontact", "segment", kBoth}; }

void run_official_contact(const OfficialContact& arguments, const Context& context) {
  if (arguments.photo.empty()) throw bad_input("photograph: none was named; give PHOTO or a folder");
  if (!arguments.model.is_folder()) {
    throw bad_input("--official-layout: it runs a checkpoint; give its folder with --model DIR");
  }
  check_out(arguments.out);
  const auto samples = samples_of(arguments);
  std::error_code error;
  const bool folder = fs::is_directory(arguments.photo, error);
  if (folder && !arguments.dump.empty()) throw bad_input("--dump-tensors: it takes one photograph, not a folder");
  ordered_json reports = ordered_json::array();
  {
    TerminalProgress bar(!context.json && !context.quiet);
    const Progress progress = bar.progress(context.stop);
    Session session(arguments);
    session.model = app::open_model(arguments.model, progress.part(0.0, 0.3, "Load"));
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const double each = 0.7 / static_cast<double>(samples.size());
      const fs::path out = folder ? fs::path(arguments.out) / samples[i].photo.stem() : fs::path(arguments.out);
      reports.push_back(run_sample(session, samples[i], out, progress.part(0.3 + each * static_cast<double>(i), 0.3 + each * static_cast<double>(i + 1))));
    }
  }
  if (context.json) {
    std::printf("%s\n", (folder ? reports : reports.front()).dump(2).c_str());
    return;
  }
  for (const auto& report : reports) {
    for (const auto& task : report.at("tasks")) {
      std::printf("%s  %s: %s\n", report.at("photograph").at("name").get<std::string>().c_str(), task.at("task").get<std::string>().c_str(),
                  task.at("answer").get<std::string>().c_str());
    }
    for (const auto& warning : report.at("warnings")) std::printf("  note: %s\n", warning.get<std::string>().c_str());
  }
  std::printf("written to %s\n", arguments.out.c_str());
}

}  // namespace tactus::cli
