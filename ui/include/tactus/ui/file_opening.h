// What a dropped or chosen file is, read on another thread.
#pragma once

#include <QString>
#include <functional>

#include "tactus/pipeline/analysis.h"

namespace tactus::ui {

class Document;

enum class FileKind { picture, mask, project, mesh, keypoints, body, model, weights, folder, unknown };
// A folder with config.json and tokenizer.model is a model's; .pth and .safetensors files are Segment Anything's weights.
// By extension and, for pictures, by whether the name says "mask" while a photograph is open.
FileKind kind_of(const QString& path, bool has_photo);

// Reads the file (may throw tactus::Error; call off the window's thread) and returns what to do with the document.
std::function<void(Document&)> read_for_document(const QString& path, std::shared_ptr<const pipeline::Inputs> current,
                                                 const pipeline::Options& options);

}  // namespace tactus::ui
