// Writes results, scenes and projects off the window's thread; remembers what was asked for last.
#pragma once

#include <QObject>
#include <QString>
#include <functional>
#include <memory>

#include "tactus/pipeline/analysis.h"

namespace tactus::ui {

class Exporter : public QObject {
  Q_OBJECT
 public:
  explicit Exporter(std::string version, QObject* parent = nullptr) : QObject(parent), version_(std::move(version)) {}
  using Shared = std::shared_ptr<const pipeline::Analysis>;

  enum class What { results, scene };
  // The last export's kind and target, kept between starts of the program.
  struct Choice {
    What what = What::results;
    QString target;                 // folder or file; empty: nothing was exported yet
  };
  static Choice last_choice();
  static QString last_folder();

  // `renderer` draws overlay.png; without it there is none.
  void write(What what, Shared analysis, const QString& target, std::shared_ptr<const views::ViewRenderer> renderer = nullptr);
  void write_project(std::shared_ptr<const pipeline::Inputs> inputs, const pipeline::Options& options, const QString& file);

 Q_SIGNALS:
  void written(const QString& sentence, const QString& folder);
  void project_written(const QString& file);
  void failed(const QString& sentence);

 private:
  void in_background(std::function<void()> write, std::function<void()> done);
  std::string version_;
};

}  // namespace tactus::ui
