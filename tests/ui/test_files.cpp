// Files in and out: dropped, dragged out, exported, saved, recovered after a crash.
#include <QDir>
#include <QFile>
#include <QMenuBar>
#include <QMimeData>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QTest>
#include <QUrl>

#include "studio.h"
#include "suites.h"
#include "tactus/io/picture.h"
#include "tactus/io/project.h"
#include "tactus/objects/library.h"
#include "tactus/ui/autosave.h"
#include "tactus/ui/document.h"
#include "tactus/ui/exporter.h"
#include "tactus/ui/message_area.h"
#include "tactus/ui/photograph_panel.h"
#include "tactus/ui/result_file.h"
#include "tactus/ui/run_controller.h"
#include "tactus/ui/steps_panel.h"
#include "tactus/ui/timeline_bar.h"
#include "tactus/ui/view_strip.h"

using namespace tactus;
using pipeline::Stage;
using test::shot;

class TestFiles : public QObject {
  Q_OBJECT

  ui::MainWindow* window_ = nullptr;
  ui::Document* document_ = nullptr;
  QTemporaryDir folder_;

  QString sample(const char* file) const { return QStringLiteral(TACTUS_BINARY_DIR "/share/tactus/samples/camera/") + QLatin1String(file); }
  QString error() const { return window_->messages()->text(QStringLiteral("error")); }
  QString written(const char* name, const QByteArray& content) const {
    QFile file(folder_.filePath(QLatin1String(name)));
    if (!file.open(QIODevice::WriteOnly) || file.write(content) != content.size()) qFatal("cannot write");
    return file.fileName();
  }

 private Q_SLOTS:
  void initTestCase() {
    window_ = test::studio().window();
    document_ = window_->document();
    window_->close_document();
  }

  void everythingIsDroppedAtOnce() {
    QSignalSpy opened(window_, &ui::MainWindow::opened);
    // The photograph last: the order of a drop must not matter.
    test::drop(window_, {sample("object_mask.png"), sample("keypoints.json"), sample("human_mask.png"), sample("camera.png")});
    QTRY_COMPARE_WITH_TIMEOUT(opened.count(), 4, 20000);
    for (const auto& one : opened) QVERIFY2(one[1].toBool(), qPrintable(one[0].toString() + error()));
    const auto& in = document_->inputs();
    QCOMPARE(in.photo.width, 512);
    QVERIFY(in.keypoints && in.object_mask && in.human_mask);
    QVERIFY(*in.object_mask != *in.human_mask);
    QCOMPARE(document_->undo_stack()->count(), 3);   // each mark is an edit
  }

  void aMeshIsDropped() {
    const auto mesh = objects::make_object("camera on a tripod").mesh;
    QByteArray obj;
    for (int i = 0; i < mesh.vertex_count(); ++i)
      obj += QStringLiteral("v %1 %2 %3\n").arg(static_cast<double>(mesh.vertices(i, 0))).arg(static_cast<double>(mesh.vertices(i, 1))).arg(static_cast<double>(mesh.vertices(i, 2))).toUtf8();
    for (int f = 0; f < mesh.face_count(); ++f) obj += QStringLiteral("f %1 %2 %3\n").arg(mesh.faces(f, 0) + 1).arg(mesh.faces(f, 1) + 1).arg(mesh.faces(f, 2) + 1).toUtf8();
    QSignalSpy opened(window_, &ui::MainWindow::opened);
    test::drop(window_, {written("tripod.obj", obj)});
    QVERIFY(opened.wait(10000));
    QVERIFY(document_->inputs().object_mesh.has_value());
    QCOMPARE(document_->inputs().object_mesh->vertex_count(), mesh.vertex_count());
    QCOMPARE(document_->undo_stack()->undoText(), QStringLiteral("Open mesh"));
    document_->undo_stack()->undo();
    QVERIFY(!document_->inputs().object_mesh.has_value());
  }

  void wrongFilesAreSaidInPlace_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<QByteArray>("content");
    QTest::newRow("picture") << "notes.png" << QByteArray("no picture");
    QTest::newRow("project") << "broken.tactus" << QByteArray("no project");
    QTest::newRow("mesh") << "broken.obj" << QByteArray("v 1 2\nf 1 2 3\n");
    QTest::newRow("keypoints") << "broken.json" << QByteArray("{\"annotations\": 3}");
    QTest::newRow("body") << "broken.npz" << QByteArray("PK no zip");
    QTest::newRow("other") << "letter.odt" << QByteArray("text");
  }
  void wrongFilesAreSaidInPlace() {
    QFETCH(QString, name);
    QFETCH(QByteArray, content);
    const auto before = document_->inputs().photo;
    const int steps = document_->undo_stack()->count();
    QSignalSpy opened(window_, &ui::MainWindow::opened);
    test::drop(window_, {written(name.toLatin1().constData(), content)});
    QVERIFY(opened.wait(10000));
    QVERIFY(!opened[0][1].toBool());
    QVERIFY2(error().contains(name), qPrintable(error()));
    QVERIFY(document_->inputs().photo == before);
    QCOMPARE(document_->undo_stack()->count(), steps);
    if (name == QLatin1String("letter.odt")) QVERIFY(shot("error.png"));
    QTest::mouseClick(test::button(window_->messages(), QStringLiteral("Copy")), Qt::LeftButton);
    QTest::mouseClick(test::button(window_->messages(), QStringLiteral("Dismiss")), Qt::LeftButton);
    QVERIFY(error().isEmpty());
  }

  void aFolderOfNothingIsSaid() {
    QDir(folder_.path()).mkdir(QStringLiteral("holiday"));
    QSignalSpy opened(window_, &ui::MainWindow::opened);
    test::drop(window_, {folder_.filePath(QStringLiteral("holiday"))});
    QVERIFY(opened.wait(10000));
    QVERIFY2(error().contains(QStringLiteral("holiday")) && error().contains(QStringLiteral("analysis.tactus")), qPrintable(error()));
    window_->messages()->dismiss(QStringLiteral("error"));
  }

  void resultsAreExportedAndExportedAgain() {
    test::studio().show_sample();
    const QString target = folder_.filePath(QStringLiteral("camera_tactus"));
    QSignalSpy done(window_->exporter(), &ui::Exporter::written);
    window_->exporter()->write(ui::Exporter::What::results, window_->analysis(), target, window_->controller()->ports()->view_renderer);
    QVERIFY(done.wait(30000));
    QVERIFY2(done[0][0].toString().contains(QStringLiteral("report.json")), qPrintable(done[0][0].toString()));
    QVERIFY(test::button(window_->messages(), QStringLiteral("Open folder")) != nullptr);
    QVERIFY(shot("exported.png"));
    for (const char* file : {"report.json", "contacts.npz", "trace.npz", "scene.glb", "overlay.png", "analysis.tactus"}) QVERIFY2(QFile::exists(target + QLatin1Char('/') + QLatin1String(file)), file);
    // Again, to the same place, by its key.
    QVERIFY(QFile::remove(target + QStringLiteral("/report.json")));
    QTest::keyClick(window_, Qt::Key_E, Qt::ControlModifier | Qt::AltModifier);
    QTRY_VERIFY_WITH_TIMEOUT(QFile::exists(target + QStringLiteral("/report.json")), 30000);
    QTRY_COMPARE(done.count(), 2);
    window_->messages()->dismiss(QStringLiteral("export"));
    // The folder that was written is one that can be dropped.
    QSignalSpy shown(window_, &ui::MainWindow::analysis_shown);
    test::drop(window_, {target});
    QVERIFY(shown.wait(60000));
    QVERIFY(document_->file().endsWith(QStringLiteral("analysis.tactus")));
  }

  void anExportThatCannotBeWrittenSaysSo() {
    QSignalSpy failed(window_->exporter(), &ui::Exporter::failed);
    const QString blocked = written("blocked", "a file where a folder should be");
    window_->exporter()->write(ui::Exporter::What::results, window_->analysis(), blocked + QStringLiteral("/inside"));
    QVERIFY(failed.wait(20000));
    QVERIFY(!error().isEmpty());
    window_->messages()->dismiss(QStringLiteral("error"));
  }

  void viewsAndTheResultAreDraggedOut() {
    window_->timeline()->set_position({Stage::predict, 0});
    const auto view = window_->steps()->strip()->drag_data(5);
    QVERIFY(view && view->hasUrls() && view->hasImage());
    const auto picture = io::read_picture(view->urls()[0].toLocalFile().toStdString());
    QCOMPARE(picture.width, window_->analysis()->options.view_size);
    QVERIFY(view->urls()[0].fileName().startsWith(QStringLiteral("object_")));
    QTRY_VERIFY_WITH_TIMEOUT(window_->result_file()->drag_data() != nullptr, 20000);
    QFile glb(window_->result_file()->drag_data()->urls()[0].toLocalFile());
    QVERIFY(glb.open(QIODevice::ReadOnly));
    QCOMPARE(glb.read(4), QByteArray("glTF"));
    window_->close_document();
    QVERIFY(window_->result_file()->drag_data() == nullptr);
    QVERIFY(window_->steps()->strip()->drag_data(5) == nullptr);
  }

  void aProjectComesBack() {
    test::studio().show_sample();
    document_->edit(QStringLiteral("Size"), [](pipeline::Inputs& in) { in.object_size_m = 1.5; });
    QVERIFY(window_->isWindowModified());
    const QString file = folder_.filePath(QStringLiteral("a.tactus"));
    QSignalSpy done(window_->exporter(), &ui::Exporter::project_written);
    window_->save_project(file);
    QVERIFY(done.wait(20000));
    QVERIFY(!window_->isWindowModified());
    const auto project = io::read_project(file.toStdString());
    QVERIFY(project.inputs.photo == document_->inputs().photo);
    QVERIFY(project.inputs.keypoints == document_->inputs().keypoints);
    QVERIFY(project.inputs.object_mask == document_->inputs().object_mask);
    QVERIFY(project.inputs.object_size_m == document_->inputs().object_size_m);
    QCOMPARE(project.inputs.prompt, document_->inputs().prompt);
    QVERIFY(test::wait_idle(window_));
  }

  void workIsOfferedAfterACrash() {
    document_->edit(QStringLiteral("Change prompt"), [](pipeline::Inputs& in) { in.prompt = "What was I asking?"; });
    window_->autosave()->save_now();
    test::studio().restart(true);
    window_ = test::studio().window();
    document_ = window_->document();
    QVERIFY(window_->messages()->text(QStringLiteral("recovery")).contains(QStringLiteral("Restore")));
    QVERIFY(shot("recovery.png"));
    QTest::mouseClick(test::button(window_->messages(), QStringLiteral("Restore")), Qt::LeftButton);
    QTRY_COMPARE_WITH_TIMEOUT(document_->inputs().prompt, std::string("What was I asking?"), 10000);
    QVERIFY(document_->unsaved());
    QVERIFY(test::wait_idle(window_));
    QVERIFY(window_->analysis() && window_->analysis()->fit);
    // After a clean exit nothing is offered.
    test::studio().restart();
    window_ = test::studio().window();
    document_ = window_->document();
    QVERIFY(window_->messages()->text(QStringLiteral("recovery")).isEmpty());
  }
};

std::unique_ptr<QObject> tactus::test::make_files_suite() { return std::make_unique<TestFiles>(); }

#include "test_files.moc"
