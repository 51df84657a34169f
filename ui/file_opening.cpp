#include "tactus/ui/file_opening.h"

#include <QDir>
#include <QFileInfo>
#include <QObject>

#include "tactus/error.h"
#include "tactus/io/given_body.h"
#include "tactus/io/keypoints_json.h"
#include "tactus/io/mesh_files.h"
#include "tactus/io/official_sample.h"
#include "tactus/io/picture.h"
#include "tactus/io/project.h"
#include "tactus/ui/document.h"

namespace tactus::ui {

FileKind kind_of(const QString& path, bool has_photo) {
  const QFileInfo info(path);
  if (info.isDir()) {
    const QDir folder(path);
    return folder.exists(QStringLiteral("config.json")) && folder.exists(QStringLiteral("tokenizer.model")) ? FileKind::model : FileKind::folder;
  }
  const QString extension = info.suffix().toLower();
  if (extension == QLatin1String("tactus")) return FileKind::project;
  if (extension == QLatin1String("obj") || extension == QLatin1String("ply") || extension == QLatin1String("glb")) return FileKind::mesh;
  if (extension == QLatin1String("json")) return FileKind::keypoints;
  if (extension == QLatin1String("pth") || extension == QLatin1String("safetensors")) return FileKind::weights;
  if (extension == QLatin1String("npz")) return FileKind::body;
  static const QStringList pictures = {"png", "jpg", "jpeg", "bmp", "tif", "tiff", "webp"};
  if (pictures.contains(extension)) return has_photo && info.completeBaseName().contains(QLatin1String("mask"), Qt::CaseInsensitive) ? FileKind::mask : FileKind::picture;
  return FileKind::unknown;
}

namespace {

// An analysis that was written, or a sample of the published joint fit, whose contact takes the place of a prediction.
std::function<void(Document&)> read_folder(const QString& path, const pipeline::Options& options) {
  const QDir folder(path);
  const std::string name = folder.dirName().toStdString();
  if (folder.exists(QStringLiteral("analysis.tactus"))) {
    const QString file = folder.filePath(QStringLiteral("analysis.tactus"));
    auto project = io::read_project(file.toStdString());
    return [project = std::move(project), file](Document& d) { d.reset(project.inputs, project.options, file); };
  }
  if (folder.exists(QStringLiteral("osx_human2.npz"))) {
    const auto sample = io::read_official_sample(path.toStdString());
    pipeline::Inputs inputs = *io::analysis_from_sample(sample, options).inputs;
    inputs.body_contact_edit = sample.input.human_contact;
    inputs.object_contact_edit = sample.input.object_contact;
    return [inputs = std::move(inputs), options](Document& d) { d.reset(inputs, options); };
  }
  if (!folder.entryList({QStringLiteral("*.safetensors"), QStringLiteral("pytorch_model*.bin")}, QDir::Files).isEmpty())
    throw bad_input(name + ": this looks like a model's folder, but config.json and tokenizer.model must both lie in it");
  throw bad_input(name + ": the folder holds neither an analysis (analysis.tactus) nor a sample of the published fit (osx_human2.npz)");
}

}  // namespace

std::function<void(Document&)> read_for_document(const QString& path, std::shared_ptr<const pipeline::Inputs> current, const pipeline::Options& options) {
  const std::string file = path.toStdString(), name = QFileInfo(path).fileName().toStdString();
  const bool has_photo = !current->photo.empty();
  const auto kind = kind_of(path, has_photo);
  const auto needs_photo = [&] {
    if (!has_photo) throw bad_input(name + ": open the photograph first, then this file");
  };
  switch (kind) {
    case FileKind::picture: {
      pipeline::Inputs inputs;
      inputs.photo = io::read_picture(file);
      inputs.photo_name = name;
      return [inputs = std::move(inputs), options](Document& d) { d.reset(inputs, options); };
    }
    case FileKind::project: {
      auto project = io::read_project(file);
      return [project = std::move(project), path](Document& d) { d.reset(project.inputs, project.options, path); };
    }
    case FileKind::mask: {
      const bool person = QFileInfo(path).fileName().contains(QLatin1String("human"), Qt::CaseInsensitive) ||
                          QFileInfo(path).fileName().contains(QLatin1String("person"), Qt::CaseInsensitive);
      auto mask = io::read_mask(file, current->photo.width, current->photo.height);
      return [mask = std::move(mask), person](Document& d) {
        d.edit(person ? QObject::tr("Open person mask") : QObject::tr("Open object mask"), [&](pipeline::Inputs& in) { (person ? in.human_mask : in.object_mask) = mask; });
      };
    }
    case FileKind::mesh: {
      auto mesh = io::read_mesh(file).mesh;
      return [mesh = std::move(mesh), name](Document& d) {
        d.edit(QObject::tr("Open mesh"), [&](pipeline::Inputs& in) {
          in.object_mesh = mesh;
          in.object_name = name;
          in.object_contact_edit.reset();
          in.object_view_edit.clear();
        });
      };
    }
    case FileKind::keypoints: {
      needs_photo();
      auto person = io::read_coco_keypoints(file, current->photo_name, current->photo.width, current->photo.height, std::nullopt);
      return [person = std::move(person)](Document& d) {
        d.edit(QObject::tr("Open keypoints"), [&](pipeline::Inputs& in) {
          in.keypoints = person.keypoints;
          in.person_box = person.box;
          if (person.mask && (!in.human_mask || in.guessed.human_mask)) in.human_mask = person.mask;
        });
      };
    }
    case FileKind::body: {
      needs_photo();
      auto body = io::read_osx(file, current->photo.width, current->photo.height);
      return [body = std::move(body)](Document& d) {
        d.edit(QObject::tr("Open posed body"), [&](pipeline::Inputs& in) { in.given_body = body; });
      };
    }
    case FileKind::folder: return read_folder(path, options);
    case FileKind::model:
    case FileKind::weights:   // loaded, not opened
    case FileKind::unknown: break;
  }
  throw bad_input(name + ": Tactus opens pictures, projects (.tactus), meshes (.obj .ply .glb), keypoints (.json), posed bodies (.npz), masks (a picture whose name says mask), model folders and weights for masks (.pth)");
}

}  // namespace tactus::ui
