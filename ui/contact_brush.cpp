#include "tactus/ui/contact_brush.h"

#include <algorithm>

#include "tactus/ui/contact_painting.h"
#include "tactus/ui/document.h"
#include "tactus/ui/viewport.h"

namespace tactus::ui {

ContactBrush::ContactBrush(Document* document, Viewport* viewport, QObject* parent) : QObject(parent), document_(document), viewport_(viewport) {
  connect(viewport, &Viewport::painted, this, &ContactBrush::stroke);
}

void ContactBrush::stroke(scene::Subject subject, const std::vector<int>& vertices, bool erase, bool finished) {
  if (!analysis_ || !analysis_->body_contact || !analysis_->object_contact) return;
  const bool body = subject == scene::Subject::body;
  const auto& contact = body ? *analysis_->body_contact : *analysis_->object_contact;
  const float value = erase ? 0.0F : 1.0F;
  if (!finished) {
    auto shown = contact;
    for (const int v : vertices) {
      if (v < 0 || v >= shown.probability.size()) continue;
      shown.probability[v] = value;
      auto& seen = shown.coverage[static_cast<std::size_t>(v)];
      seen = std::max<std::uint8_t>(seen, 1);
    }
    viewport_->scene().set_contact(subject, shown.probability, shown.coverage);
    viewport_->request_render();
    return;
  }
  const QString name = erase ? (body ? tr("Erase contact on the body") : tr("Erase contact on the object"))
                             : (body ? tr("Paint contact on the body") : tr("Paint contact on the object"));
  document_->edit(name, [&](pipeline::Inputs& in) {
    paint_vertices(body ? in.body_contact_edit : in.object_contact_edit, static_cast<int>(contact.probability.size()), vertices, value);
  });
}

bool ContactBrush::painted() const {
  const auto& in = document_->inputs();
  return in.body_contact_edit || in.object_contact_edit || !in.body_view_edit.empty() || !in.object_view_edit.empty();
}

void ContactBrush::clear() {
  document_->edit(tr("Clear painted contact"), [](pipeline::Inputs& in) {
    in.body_contact_edit.reset();
    in.object_contact_edit.reset();
    in.body_view_edit.clear();
    in.object_view_edit.clear();
  });
}

}  // namespace tactus::ui
