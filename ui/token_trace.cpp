#include "tactus/ui/token_trace.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <algorithm>
#include <cmath>
#include <optional>

#include "tactus/ui/theme.h"

namespace tactus::ui {

namespace {

constexpr int kGap = 4, kSide = 5, kBar = 3;
constexpr QRgb kBodyColour = 0xff6fb2ff, kInk = 0xff14171b;
const QString kBlank = QStringLiteral("\u2581");   // SentencePiece's mark of a word's beginning

// "<0x0A>": a byte that no piece covers.
std::optional<char> byte_of(const QString& text) {
  if (text.size() != 6 || !text.startsWith(QLatin1String("<0x")) || !text.endsWith(QLatin1Char('>'))) return std::nullopt;
  bool well = false;
  const int value = text.mid(3, 2).toInt(&well, 16);
  return well ? std::optional(static_cast<char>(value)) : std::nullopt;
}

bool closes(const QString& text) { return text == QLatin1String("</s>") || text == QLatin1String("<s>"); }

QString chip_text(const contact::TokenRecord& token) {
  QString text = QString::fromStdString(token.text);
  if (closes(text)) return TokenTrace::tr("end");
  if (const auto byte = byte_of(text)) return *byte == '\n' ? QStringLiteral("⏎") : text.mid(1, 4);
  text.replace(kBlank, QStringLiteral(" "));
  text = text.trimmed();
  return text.isEmpty() ? QStringLiteral("␣") : text;
}

}  // namespace

QString text_of(const std::vector<contact::TokenRecord>& tokens) {
  QByteArray bytes;
  bool object = false;
  for (const auto& token : tokens) {
    const QString text = QString::fromStdString(token.text);
    if (token.about_object && !object && !bytes.isEmpty()) bytes += '\n';
    object = token.about_object;
    if (closes(text)) continue;
    if (const auto byte = byte_of(text)) bytes += *byte;
    else bytes += QString(text).replace(kBlank, QStringLiteral(" ")).toUtf8();
  }
  QStringList lines = QString::fromUtf8(bytes).split(QLatin1Char('\n'));
  for (auto& line : lines) line = line.trimmed();
  return lines.join(QLatin1Char('\n')).trimmed();
}

TokenTrace::TokenTrace(QWidget* parent) : QWidget(parent) {
  setMouseTracking(true);
  setFocusPolicy(Qt::StrongFocus);
  setAccessibleName(tr("Tokens of the answer"));
  setAccessibleDescription(tr("Arrows go from token to token; Enter shows the masks that a token made"));
}

QString TokenTrace::description(const contact::TokenRecord& token) {
  QString text = tr("“%1”, %2 %").arg(chip_text(token)).arg(100.0 * token.probability, 0, 'f', token.probability > 0.995 || token.probability < 0.1 ? 1 : 0);
  if (token.makes_mask) text += QLatin1Char('\n') + (token.about_object ? tr("made the masks of the object's views") : tr("made the masks of the body's views"));
  return text;
}

void TokenTrace::set_tokens(const std::vector<contact::TokenRecord>& tokens) {
  tokens_ = tokens;
  current_ = std::min(current_, static_cast<int>(tokens_.size()) - 1);
  hovered_ = -1;
  point_at(hasFocus() ? current_ : -1);
  arrange();
}

void TokenTrace::arrange() {
  layout_ = lay_out(width());
  update();
}

TokenTrace::Layout TokenTrace::lay_out(int width) const {
  Layout made;
  const bool both = std::any_of(tokens_.begin(), tokens_.end(), [](const auto& t) { return t.about_object; }) &&
                    std::any_of(tokens_.begin(), tokens_.end(), [](const auto& t) { return !t.about_object; });
  const int line = fontMetrics().height() + 2 + kBar + 3;
  int x = 0, y = 0;
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    if (both && (i == 0 || tokens_[i].about_object != tokens_[i - 1].about_object)) {
      if (i > 0) y += line + kGap + 2;
      const QString who = tokens_[i].about_object ? tr("Object") : tr("Body");
      made.captions.push_back({QRect(0, y, fontMetrics().horizontalAdvance(who) + 2, line), who});
      x = made.captions.back().rect.width() + kGap + 2;
    }
    QString text = chip_text(tokens_[i]);
    const int most = std::max(24, width - 2 * kSide);
    if (fontMetrics().horizontalAdvance(text) > most) text = fontMetrics().elidedText(text, Qt::ElideRight, most);
    const int wide = std::max(fontMetrics().horizontalAdvance(text) + 2 * kSide, 16);
    if (x > 0 && x + wide > width) {
      x = 0;
      y += line + kGap;
    }
    made.chips.push_back({QRect(x, y, wide, line), text});
    x += wide + kGap;
  }
  made.height = tokens_.empty() ? 0 : y + line;
  return made;
}

void TokenTrace::paintEvent(QPaintEvent* e) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const QColor ink = palette().color(QPalette::WindowText);
  painter.setPen(palette().color(QPalette::PlaceholderText));
  for (const auto& caption : layout_.captions) painter.drawText(caption.rect, Qt::AlignLeft | Qt::AlignVCenter, caption.text);
  for (std::size_t i = 0; i < layout_.chips.size(); ++i) {
    const auto& [rect, text] = layout_.chips[i];
    if (!rect.intersects(e->rect())) continue;
    const auto& token = tokens_[i];
    const QColor accent = token.about_object ? QColor(kObjectColour) : QColor(kBodyColour);
    const bool pointed = static_cast<int>(i) == pointed_;
    const QRectF box = QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5);
    painter.setPen(QPen(pointed ? palette().color(QPalette::Highlight) : palette().color(QPalette::Mid), pointed ? 2 : 1));
    painter.setBrush(token.makes_mask ? accent : palette().color(QPalette::AlternateBase));
    painter.drawRoundedRect(box, 3, 3);
    painter.setPen(token.makes_mask ? QColor(kInk) : ink);
    painter.drawText(rect.adjusted(0, 0, 0, -kBar), Qt::AlignCenter, text);
    // How sure the model was.
    QColor faint = token.makes_mask ? QColor(kInk) : ink;
    const QRectF track(rect.left() + 3, rect.bottom() - kBar - 0.5, rect.width() - 6, 2);
    painter.setPen(Qt::NoPen);
    faint.setAlpha(45);
    painter.setBrush(faint);
    painter.drawRect(track);
    faint.setAlpha(150);
    painter.setBrush(faint);
    painter.drawRect(QRectF(track.topLeft(), QSizeF(track.width() * std::clamp(token.probability, 0.0, 1.0), track.height())));
  }
}

bool TokenTrace::event(QEvent* e) {
  if (e->type() == QEvent::ToolTip) {
    auto* help = static_cast<QHelpEvent*>(e);
    const int token = token_at(help->pos());
    if (token >= 0) QToolTip::showText(help->globalPos(), description(tokens_[static_cast<std::size_t>(token)]), this);
    else QToolTip::hideText();
    return true;
  }
  return QWidget::event(e);
}

void TokenTrace::resizeEvent(QResizeEvent*) { arrange(); }
void TokenTrace::changeEvent(QEvent* e) {
  if (e->type() == QEvent::FontChange) arrange();
  QWidget::changeEvent(e);
}

int TokenTrace::token_at(const QPoint& at) const {
  for (std::size_t i = 0; i < layout_.chips.size(); ++i)
    if (layout_.chips[i].rect.contains(at)) return static_cast<int>(i);
  return -1;
}

void TokenTrace::point_at(int token) {
  if (token == pointed_) return;
  pointed_ = token;
  setCursor(token >= 0 && tokens_[static_cast<std::size_t>(token)].makes_mask ? Qt::PointingHandCursor : Qt::ArrowCursor);
  update();
  Q_EMIT pointed(token);
}

void TokenTrace::mouseMoveEvent(QMouseEvent* e) {
  hovered_ = token_at(e->pos());
  point_at(hovered_ >= 0 ? hovered_ : hasFocus() ? current_ : -1);
}
void TokenTrace::leaveEvent(QEvent*) {
  hovered_ = -1;
  point_at(hasFocus() ? current_ : -1);
}
void TokenTrace::mousePressEvent(QMouseEvent* e) {
  const int token = token_at(e->pos());
  if (e->button() != Qt::LeftButton || token < 0) return;
  current_ = token;
  point_at(token);
  Q_EMIT chosen(token);
}

void TokenTrace::move_to(int token) {
  current_ = token;
  const auto index = static_cast<std::size_t>(token);
  setAccessibleName(tr("Token %1 of %2: %3").arg(token + 1).arg(tokens_.size()).arg(description(tokens_[index])));
  point_at(token);
  Q_EMIT moved(layout_.chips[index].rect);
}

void TokenTrace::focusInEvent(QFocusEvent* e) {
  QWidget::focusInEvent(e);
  if (e->reason() == Qt::MouseFocusReason || tokens_.empty()) return;
  move_to(std::max(current_, 0));
}
void TokenTrace::focusOutEvent(QFocusEvent* e) {
  QWidget::focusOutEvent(e);
  point_at(hovered_);
}

void TokenTrace::keyPressEvent(QKeyEvent* e) {
  const int last = static_cast<int>(tokens_.size()) - 1;
  if (last < 0) {
    QWidget::keyPressEvent(e);
    return;
  }
  // The nearest chip in the line above or below.
  const auto vertical = [&](int by) {
    const QRect from = layout_.chips[static_cast<std::size_t>(std::max(current_, 0))].rect;
    int best = current_, nearest = 1 << 30;
    for (int i = 0; i <= last; ++i) {
      const QRect& r = layout_.chips[static_cast<std::size_t>(i)].rect;
      const int lines = (r.top() - from.top()) * by;
      if (lines <= 0) continue;
      const int distance = 64 * lines + std::abs(r.center().x() - from.center().x());
      if (distance < nearest) nearest = distance, best = i;
    }
    move_to(std::max(best, 0));
  };
  switch (e->key()) {
    case Qt::Key_Left: move_to(std::max(current_ - 1, 0)); break;
    case Qt::Key_Right: move_to(std::min(current_ + 1, last)); break;
    case Qt::Key_Up: vertical(-1); break;
    case Qt::Key_Down: vertical(1); break;
    case Qt::Key_Home: move_to(0); break;
    case Qt::Key_End: move_to(last); break;
    case Qt::Key_Return:
    case Qt::Key_Enter:
    case Qt::Key_Space:
      if (current_ >= 0) Q_EMIT chosen(current_);
      break;
    default: QWidget::keyPressEvent(e);
  }
}

}  // namespace tactus::ui
