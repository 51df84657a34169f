#include "tactus/ui/document.h"

#include <QFileInfo>
#include <QUndoCommand>
#include <cstring>
#include <utility>
#include <vector>

#include "tactus/pipeline/guesses.h"

namespace tactus::ui {

namespace {

using pipeline::Inputs;
using pipeline::Options;

// A fast "surely the same"; two values that differ only in NaNs count as different, which merely costs memory.
template <typename T>
bool same(const T& a, const T& b) {
  return a == b;
}
bool same(const geometry::Mesh& a, const geometry::Mesh& b) {
  return a.vertices.rows() == b.vertices.rows() && a.faces.rows() == b.faces.rows() && a.vertices == b.vertices && a.faces == b.faces;
}
bool same(const pipeline::GivenBody& a, const pipeline::GivenBody& b) { return same(a.mesh, b.mesh) && a.camera == b.camera && a.source == b.source; }
bool same(const Eigen::VectorXf& a, const Eigen::VectorXf& b) { return a.size() == b.size() && a == b; }
template <typename T>
bool same(const std::optional<T>& a, const std::optional<T>& b) {
  return a.has_value() == b.has_value() && (!a || same(*a, *b));
}

// One field before and after.
struct FieldChange {
  int field;
  std::function<void(Inputs&)> undo, redo;
};

template <typename T>
void compare(std::vector<FieldChange>& list, int field, T Inputs::*member, const Inputs& before, const Inputs& after) {
  if (same(before.*member, after.*member)) return;
  list.push_back({field, [member, value = before.*member](Inputs& in) { in.*member = value; }, [member, value = after.*member](Inputs& in) { in.*member = value; }});
}

// All that can be edited. The photograph itself never changes by an edit, so no step has to hold it.
enum Field { prompt, object_name, object_mesh, object_size, keypoints, human_mask, object_mask, object_box, person_box, given_body, body_contact, object_contact, body_views, object_views, guessed };

std::vector<FieldChange> changes(const Inputs& before, const Inputs& after) {
  std::vector<FieldChange> list;
  compare(list, prompt, &Inputs::prompt, before, after);
  compare(list, object_name, &Inputs::object_name, before, after);
  compare(list, object_mesh, &Inputs::object_mesh, before, after);
  compare(list, object_size, &Inputs::object_size_m, before, after);
  compare(list, keypoints, &Inputs::keypoints, before, after);
  compare(list, human_mask, &Inputs::human_mask, before, after);
  compare(list, object_mask, &Inputs::object_mask, before, after);
  compare(list, guessed, &Inputs::guessed, before, after);
  compare(list, object_box, &Inputs::object_box, before, after);
  compare(list, person_box, &Inputs::person_box, before, after);
  compare(list, given_body, &Inputs::given_body, before, after);
  compare(list, body_contact, &Inputs::body_contact_edit, before, after);
  compare(list, object_contact, &Inputs::object_contact_edit, before, after);
  compare(list, body_views, &Inputs::body_view_edit, before, after);
  compare(list, object_views, &Inputs::object_view_edit, before, after);
  return list;
}

}  // namespace

class EditCommand : public QUndoCommand {
 public:
  EditCommand(Document* document, const QString& name, std::vector<FieldChange> fields, const Options& before, const Options& after, int merge_id)
      : QUndoCommand(name), document_(document), fields_(std::move(fields)), before_(before), after_(after), merge_id_(merge_id) {}
  void undo() override {
    for (const auto& change : fields_) change.undo(document_->inputs_);
    document_->options_ = before_;
    tell();
  }
  void redo() override {
    for (const auto& change : fields_) change.redo(document_->inputs_);
    document_->options_ = after_;
    tell();
  }
  int id() const override { return merge_id_; }
  bool mergeWith(const QUndoCommand* other) override {
    const auto* next = static_cast<const EditCommand*>(other);
    if (next->merge_id_ != merge_id_ || next->text() != text()) return false;
    for (const auto& change : next->fields_) {
      bool known = false;
      for (auto& mine : fields_) {
        if (mine.field != change.field) continue;
        mine.redo = change.redo;
        known = true;
      }
      if (!known) fields_.push_back(change);
    }
    after_ = next->after_;
    return true;
  }

 private:
  void tell() {
    for (const auto& change : fields_)
      if (change.field == human_mask || change.field == object_mask || change.field == guessed) {
        Q_EMIT document_->masks_changed();
        break;
      }
    Q_EMIT document_->changed();
  }
  Document* document_;
  std::vector<FieldChange> fields_;
  Options before_, after_;
  int merge_id_;
};

Document::Document(QObject* parent) : QObject(parent) { undo_.setUndoLimit(100); }

void Document::reset(pipeline::Inputs inputs, const pipeline::Options& options, const QString& file) {
  undo_.clear();
  inputs_ = std::move(inputs);
  options_ = options;
  file_ = file;
  recovered_ = false;
  undo_.setClean();
  Q_EMIT replaced();
  Q_EMIT masks_changed();
  Q_EMIT changed();
}

void Document::edit(const QString& name, const std::function<void(pipeline::Inputs&)>& change, int merge_id) { push(name, change, true, merge_id); }

void Document::guess(const QString& name, const std::function<void(pipeline::Inputs&)>& change) {
  const bool clean = undo_.isClean();
  push(name, change, false, -1);
  if (clean) undo_.setClean();
}

void Document::push(const QString& name, const std::function<void(pipeline::Inputs&)>& change, bool by_hand, int merge_id) {
  // The copy to work on goes without the photograph, which may be large; `change` must not look at it.
  ImageU8 photo;
  std::swap(photo, inputs_.photo);
  pipeline::Inputs next = inputs_;
  change(next);
  if (by_hand) pipeline::keep_changes(inputs_, next);
  auto list = changes(inputs_, next);
  std::swap(photo, inputs_.photo);
  if (list.empty()) return;
  undo_.push(new EditCommand(this, name, std::move(list), options_, options_, merge_id));
}

void Document::edit_options(const QString& name, const std::function<void(pipeline::Options&)>& change) {
  pipeline::Options next = options_;
  change(next);
  undo_.push(new EditCommand(this, name, {}, options_, next, -1));
}

void Document::end_gesture() {
  if (!gesture_) return;
  gesture_ = false;
  Q_EMIT gesture_ended();
}

void Document::set_file(const QString& file) {
  file_ = file;
  recovered_ = false;
  undo_.setClean();
  Q_EMIT changed();
}

void Document::set_recovered() {
  recovered_ = true;
  Q_EMIT changed();
}

QString Document::title() const {
  const QString name = file_.isEmpty() ? QString::fromStdString(inputs_.photo_name) : QFileInfo(file_).fileName();
  return name.isEmpty() ? QStringLiteral("Tactus") : QStringLiteral("%1[*] — Tactus").arg(name);
}

}  // namespace tactus::ui
