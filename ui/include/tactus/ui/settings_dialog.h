// Models and weights: folders, precision, device. Stays beside the window; nothing is taken before "Load".
#pragma once

#include <QDialog>
#include <QFutureWatcher>
#include <vector>

class QComboBox;
class QGridLayout;
class QLabel;
class QLineEdit;
class QPushButton;

namespace tactus::ui {

class ModelManager;
struct ModelChoice;

class SettingsDialog : public QDialog {
  Q_OBJECT
 public:
  SettingsDialog(ModelManager* models, QWidget* parent);
  QComboBox* kind() const { return kind_; }               // the built-in models, then a folder
  QLineEdit* folder() const { return folder_; }
  QLineEdit* clip_folder() const { return clip_; }
  QComboBox* precision() const { return precision_; }
  QLineEdit* weights() const { return weights_; }
  QPushButton* load_button() const { return load_; }
  QPushButton* weights_button() const { return load_weights_; }
  QString findings() const;                               // what is said of the folder
  QString weights_state() const;

 private:
  ModelChoice choice() const;
  bool wants_folder() const;
  void show_state();
  void show_fields();
  void inspect();
  QLineEdit* path_row(QGridLayout* grid, int row, const QString& label, const QString& title, const QString& filter);
  ModelManager* models_;
  QComboBox *kind_, *precision_, *device_;
  QLineEdit *folder_, *clip_, *weights_;
  QLabel *findings_, *state_, *weights_state_;
  QPushButton *load_, *load_weights_;
  std::vector<QWidget*> of_folders_;
  QFutureWatcher<QString>* watcher_;
  QString weights_error_;
  bool inspect_again_ = false;
};

}  // namespace tactus::ui
