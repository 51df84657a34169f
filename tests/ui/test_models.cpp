// Models loaded from folders: progress, cancel, failure, what is remembered; the answer as it grows and its tokens.
#include <QAction>
#include <QApplication>
#include <QComboBox>
#include <QDir>
#include <QFile>
#include <QLineEdit>
#include <QMenu>
#include <QPushButton>
#include <QScrollArea>
#include <QSignalSpy>
#include <QTest>
#include <QToolButton>
#include <atomic>
#include <chrono>
#include <thread>

#include "studio.h"
#include "suites.h"
#include "tactus/ui/analysis_session.h"
#include "tactus/ui/answer_view.h"
#include "tactus/ui/document.h"
#include "tactus/ui/load_bar.h"
#include "tactus/ui/message_area.h"
#include "tactus/ui/model_manager.h"
#include "tactus/ui/photograph_panel.h"
#include "tactus/ui/run_controller.h"
#include "tactus/ui/settings_dialog.h"
#include "tactus/ui/stage_list.h"
#include "tactus/ui/steps_panel.h"
#include "tactus/ui/timeline_bar.h"
#include "tactus/ui/token_trace.h"
#include "tactus/ui/view_strip.h"

using namespace tactus;
using pipeline::Stage;
using test::shot;

namespace {

using Tokens = std::vector<contact::TokenRecord>;

// Says as many of its tokens as it is let, then gives the masks of the prior.
class TalkingModel : public contact::ContactPredictor {
 public:
  explicit TalkingModel(Tokens tokens) : tokens_(std::move(tokens)) {}
  std::string name() const override { return "talking"; }
  std::string description() const override { return "Talking: reads the photograph and the prompt. int8, 13.4 GB on cpu."; }
  contact::ContactPrediction predict(const contact::ContactQuery& query, const Progress& progress) const override {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      while (static_cast<int>(i) >= allowed) {
        progress.check();
        progress.report(static_cast<double>(i) / static_cast<double>(tokens_.size()));
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
      query.on_token(tokens_[i]);
      progress.report(static_cast<double>(i) / static_cast<double>(tokens_.size()));
    }
    auto p = contact::make_prior_predictor()->predict(query, progress);
    p.model = name();
    p.answer = ui::text_of(tokens_).toStdString();
    p.tokens = tokens_;
    return p;
  }
  static std::atomic<int> allowed;

 private:
  Tokens tokens_;
};
std::atomic<int> TalkingModel::allowed{1 << 20};

Tokens short_answer() {
  return {{"▁The", 0.98, false, false}, {"▁right", 0.62, false, false}, {"▁hand", 0.91, false, false},  {"▁holds", 0.44, false, false},
          {"▁it", 0.99, false, false},  {"<HCON>", 0.97, true, false},  {".", 0.9, false, false},       {"</s>", 1.0, false, false},
          {"▁Its", 0.8, false, true},   {"▁grip", 0.35, false, true},   {"<OCON>", 0.88, true, true},   {"<0x0A>", 0.5, false, true},
          {"</s>", 1.0, false, true}};
}

}  // namespace

class TestModels : public QObject {
  Q_OBJECT

  ui::MainWindow* window_ = nullptr;
  QTemporaryDir folder_;
  std::atomic<bool> released_{false};
  ui::ModelChoice asked_;

  QString model_folder(const char* name) const {
    QDir(folder_.path()).mkpath(QLatin1String(name));
    for (const char* file : {"config.json", "tokenizer.model"}) {
      QFile f(folder_.filePath(QLatin1String(name) + QLatin1Char('/') + QLatin1String(file)));
      if (!f.open(QIODevice::WriteOnly)) qFatal("cannot write");
    }
    return folder_.filePath(QLatin1String(name));
  }
  QString error() const { return window_->messages()->text(QStringLiteral("model")); }
  QString shown_model() const { return window_->model_button()->text(); }
  QAction* menu_entry(const QString& beginning) {
    auto* menu = window_->model_button()->menu();
    Q_EMIT menu->aboutToShow();
    for (auto* action : menu->actions())
      if (action->text().remove(QLatin1Char('&')).startsWith(beginning)) return action;
    return nullptr;
  }
  ui::AnswerView* answer() const { return window_->steps()->answer(); }

 private Q_SLOTS:
  void initTestCase() {
    window_ = test::studio().window();
    test::studio().show_sample();
    auto& script = test::model_script();
    script.open_model = [this](const ui::ModelChoice& choice, const Progress& progress) {
      asked_ = choice;
      if (choice.model.ends_with("broken")) throw bad_input("pytorch_model-00002-of-00003.bin: the file ends in the middle of a tensor; download it again");
      for (int i = 0; !released_ && i < 26; i += i < 8 ? 1 : 0) {
        progress.report(i / 26.0, std::to_string(i) + ".0 of 26.0 GB");
        progress.check();
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
      return ui::OpenedModel{std::make_shared<TalkingModel>(short_answer()), nullptr, choice.precision == "auto" ? "int8" : choice.precision, "cpu", 13'400'000'000};
    };
    script.inspect = [](const ui::ModelChoice& choice) -> std::string {
      if (choice.model.find("nowhere") != std::string::npos) throw bad_input(choice.model + ": there is no such folder");
      return "InteractVLM, stored as bf16, 27.5 GB; takes 28.9 GB in bf16, 16.8 GB in int8, 10.2 GB in int4";
    };
  }
  void cleanupTestCase() {
    released_ = true;
    TalkingModel::allowed = 1 << 20;
    if (window_->models()->choice().is_folder()) window_->models()->open({});
    QTRY_VERIFY(!window_->models()->loading());
    QVERIFY(test::wait_idle(window_));
  }

  void loadingShowsHowFarItIsAndIsCancelled() {
    QVERIFY(shown_model().contains(QStringLiteral("compact")));
    QVERIFY(!window_->load_bar()->isVisible());
    released_ = false;
    test::drop(window_, {model_folder("interactvlm-13b")});
    QTRY_VERIFY(window_->load_bar()->isVisible());
    QTRY_VERIFY2(window_->load_bar()->text().contains(QStringLiteral("8.0 of 26.0 GB")), qPrintable(window_->load_bar()->text()));
    QVERIFY(window_->load_bar()->fraction() > 0.2);
    QVERIFY(shot("model_loading.png"));
    // Everything else goes on meanwhile.
    QSignalSpy shown(window_, &ui::MainWindow::analysis_shown);
    QTest::keyClick(window_, Qt::Key_R, Qt::ControlModifier);
    QVERIFY(shown.wait(60000));
    QVERIFY(window_->models()->loading());
    QTest::mouseClick(window_->load_bar()->cancel_button(), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(!window_->load_bar()->isVisible(), 2000);
    QVERIFY2(window_->status_text().contains(QStringLiteral("cancelled")), qPrintable(window_->status_text()));
    QVERIFY(shown_model().contains(QStringLiteral("compact")));
    QVERIFY(error().isEmpty());
  }

  void whatIsWrongIsSaidAndTheModelStays() {
    test::drop(window_, {model_folder("broken")});
    QTRY_VERIFY(!error().isEmpty());
    QVERIFY2(error().contains(QStringLiteral("00002-of-00003")) && error().contains(QStringLiteral("compact stays in use")), qPrintable(error()));
    QVERIFY(shown_model().contains(QStringLiteral("compact")));
    QVERIFY(window_->session()->stale_reasons()[static_cast<std::size_t>(Stage::predict)].isEmpty());
    QVERIFY(shot("model_broken.png"));
    QSignalSpy shown(window_, &ui::MainWindow::analysis_shown);
    window_->run();
    QVERIFY(shown.wait(60000));
    QCOMPARE(window_->analysis()->prediction->model, std::string("compact"));
    window_->messages()->dismiss(QStringLiteral("model"));
  }

  void anIncompleteFolderIsNoModel() {
    QDir(folder_.path()).mkdir(QStringLiteral("half"));
    QFile shard(folder_.filePath(QStringLiteral("half/model-00001-of-00002.safetensors")));
    QVERIFY(shard.open(QIODevice::WriteOnly));
    QSignalSpy opened(window_, &ui::MainWindow::opened);
    test::drop(window_, {folder_.filePath(QStringLiteral("half"))});
    QVERIFY(opened.wait(10000));
    const QString sentence = window_->messages()->text(QStringLiteral("error"));
    QVERIFY2(sentence.contains(QStringLiteral("half")) && sentence.contains(QStringLiteral("tokenizer.model")), qPrintable(sentence));
    window_->messages()->dismiss(QStringLiteral("error"));
  }

  void anotherModelIsShownAndAskedAnew() {
    released_ = true;
    test::drop(window_, {model_folder("interactvlm-13b")});
    QTRY_VERIFY2(shown_model().contains(QStringLiteral("interactvlm-13b · int8 · 13.4 GB · cpu")), qPrintable(shown_model()));
    QVERIFY(window_->model_button()->toolTip().contains(QStringLiteral("Talking")));
    QVERIFY(window_->steps()->stages()->text_of(Stage::predict).contains(QStringLiteral("model changed")));
    QVERIFY(!window_->steps()->stages()->text_of(Stage::views).contains(QStringLiteral("model changed")));
    QVERIFY(shot("model_ready.png"));
    // The answer comes word by word.
    TalkingModel::allowed = 3;
    window_->run();
    QTRY_COMPARE_WITH_TIMEOUT(answer()->text().left(14), QStringLiteral("The right hand"), 30000);
    QVERIFY(answer()->text().endsWith(QChar(0x258c)));
    QCOMPARE(answer()->trace()->tokens().size(), std::size_t{3});
    QVERIFY(answer()->trace()->isVisible());
    QVERIFY(window_->controller()->running());
    QVERIFY(shot("answer_growing.png"));
    TalkingModel::allowed = 5;
    QTRY_VERIFY(answer()->text().startsWith(QStringLiteral("The right hand holds it")));
    QSignalSpy shown(window_, &ui::MainWindow::analysis_shown);
    TalkingModel::allowed = 1 << 20;
    QVERIFY(shown.wait(60000));
    QVERIFY(window_->analysis()->report(Stage::views).from_cache);
    QCOMPARE(window_->analysis()->prediction->model, std::string("talking"));
    QCOMPARE(answer()->text(), QStringLiteral("The right hand holds it<HCON>.\nIts grip<OCON>"));
    QVERIFY(window_->session()->stale_reasons()[static_cast<std::size_t>(Stage::predict)].isEmpty());
  }

  void aContactTokenLightsTheMasksItMade() {
    auto* trace = answer()->trace();
    auto* strip = window_->steps()->strip();
    QCOMPARE(trace->tokens().size(), short_answer().size());
    QCOMPARE(strip->lit(), -1);
    QTest::mouseMove(trace, trace->chip(2).center());
    QCOMPARE(strip->lit(), -1);                       // an ordinary word made none
    QTest::mouseMove(trace, trace->chip(10).center());
    QTRY_COMPARE(strip->lit(), 1);
    QVERIFY(shot("token_object.png"));
    QTest::mouseMove(trace, trace->chip(5).center());
    QTRY_COMPARE(strip->lit(), 0);
    QVERIFY(shot("token_body.png"));
    QTest::mouseClick(trace, Qt::LeftButton, {}, trace->chip(10).center());
    QCOMPARE(window_->timeline()->position(), (pipeline::TimelinePosition{Stage::predict, 4}));
    QTest::mouseClick(trace, Qt::LeftButton, {}, trace->chip(5).center());
    QCOMPARE(window_->timeline()->position(), (pipeline::TimelinePosition{Stage::predict, 0}));
    QVERIFY(ui::TokenTrace::description(trace->tokens()[3]).contains(QStringLiteral("44 %")));
    QVERIFY(ui::TokenTrace::description(trace->tokens()[5]).contains(QStringLiteral("body")));
  }

  void tokensAreReachedByKeyboard() {
    auto* trace = answer()->trace();
    window_->timeline()->go_to_end();
    window_->activateWindow();
    trace->setFocus(Qt::TabFocusReason);
    QTRY_VERIFY(trace->hasFocus());
    QTest::keyClick(trace, Qt::Key_Home);
    QCOMPARE(trace->current(), 0);
    for (int i = 0; i < 5; ++i) QTest::keyClick(trace, Qt::Key_Right);
    QCOMPARE(trace->current(), 5);
    QCOMPARE(window_->steps()->strip()->lit(), 0);
    QVERIFY(trace->accessibleName().contains(QStringLiteral("HCON")));
    // Down to the object's line.
    for (int i = 0; i < 3 && !trace->tokens()[static_cast<std::size_t>(trace->current())].about_object; ++i) QTest::keyClick(trace, Qt::Key_Down);
    QVERIFY(trace->tokens()[static_cast<std::size_t>(trace->current())].about_object);
    QTest::keyClick(trace, Qt::Key_Left);
    QTest::keyClick(trace, Qt::Key_End);
    QCOMPARE(trace->current(), static_cast<int>(short_answer().size()) - 1);
    QTest::keyClick(trace, Qt::Key_Left);
    QTest::keyClick(trace, Qt::Key_Left);
    QTest::keyClick(trace, Qt::Key_Return);
    QCOMPARE(window_->timeline()->position(), (pipeline::TimelinePosition{Stage::predict, 4}));
    QEvent leave(QEvent::Leave);
    QApplication::sendEvent(trace, &leave);
    window_->photograph()->canvas()->setFocus();
    QTRY_COMPARE(window_->steps()->strip()->lit(), -1);
  }

  void aLongAnswerScrollsAndWidensNothing() {
    Tokens tokens;
    for (int i = 0; i < 500; ++i) tokens.push_back({i % 7 == 0 ? "▁extraordinarily" : "▁word", 0.3 + 0.001 * i, i == 250, false});
    tokens.push_back({"▁" + std::string(120, 'x'), 0.01, false, false});
    auto a = *window_->analysis();
    auto p = *a.prediction;
    p.tokens = tokens;
    p.answer = ui::text_of(tokens).left(900).toStdString() + " " + std::string(120, 'x');
    a.prediction = std::make_shared<const contact::ContactPrediction>(p);
    window_->resize(1024, 700);
    window_->steps()->set_analysis(std::make_shared<const pipeline::Analysis>(a));
    QTest::qWait(80);
    QCOMPARE(window_->size(), QSize(1024, 700));
    auto* trace = answer()->trace();
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const QRect chip = trace->chip(static_cast<int>(i));
      QVERIFY2(chip.left() >= 0 && chip.right() <= trace->width(), qPrintable(QString::number(i)));
    }
    QVERIFY(trace->height() > trace->parentWidget()->height());   // it scrolls
    trace->setFocus(Qt::TabFocusReason);
    QTest::keyClick(trace, Qt::Key_End);
    QVERIFY(trace->parentWidget()->rect().contains(trace->mapToParent(trace->chip(500).center())));
    QTRY_COMPARE(answer()->height(), answer()->heightForWidth(answer()->width()));   // nothing is squeezed
    window_->steps()->findChild<QScrollArea*>()->ensureWidgetVisible(answer()->trace()->parentWidget());
    QVERIFY(shot("answer_long_small.png"));
    window_->resize(1500, 920);
    window_->steps()->set_analysis(window_->analysis());
  }

  void settingsChooseAFolderAndItsPrecision() {
    window_->activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(window_));
    QTest::keyClick(window_, Qt::Key_Comma, Qt::ControlModifier);
    auto* settings = window_->settings();
    QTRY_VERIFY(settings->isVisible());
    QVERIFY(!settings->isModal());
    settings->kind()->setCurrentIndex(2);
    settings->folder()->setFocus();
    settings->folder()->selectAll();
    QTest::keyClicks(settings->folder(), QStringLiteral("/nowhere"));
    QTRY_VERIFY2(settings->findings().contains(QStringLiteral("no such folder")), qPrintable(settings->findings()));
    settings->folder()->setText(model_folder("another"));
    QTRY_VERIFY(settings->findings().contains(QStringLiteral("10.2 GB in int4")));
    settings->clip_folder()->setText(QStringLiteral("/clips/vit-l"));
    settings->precision()->setFocus();
    QTest::keyClick(settings->precision(), Qt::Key_End);
    QCOMPARE(settings->precision()->currentText(), QStringLiteral("int4"));
    QVERIFY(shot("settings.png", settings));
    QTest::mouseClick(settings->load_button(), Qt::LeftButton);
    QTRY_VERIFY(shown_model().contains(QStringLiteral("another · int4")));
    QCOMPARE(asked_.precision, std::string("int4"));
    QCOMPARE(asked_.clip_folder, std::string("/clips/vit-l"));
    settings->close();
  }

  void theChoiceIsRememberedAndThePriorComesBack() {
    released_ = true;
    test::studio().restart();
    window_ = test::studio().window();
    QTRY_VERIFY(shown_model().contains(QStringLiteral("another · int4")));
    QCOMPARE(asked_.clip_folder, std::string("/clips/vit-l"));
    QVERIFY(menu_entry(QStringLiteral("interactvlm-13b")) != nullptr);
    auto* compact = menu_entry(QStringLiteral("compact"));
    QVERIFY(compact != nullptr && !compact->isChecked());
    compact->trigger();
    QTRY_VERIFY(shown_model().contains(QStringLiteral("compact")));
    test::studio().restart();
    window_ = test::studio().window();
    QTest::qWait(50);
    QVERIFY(!window_->models()->loading());
    QVERIFY(shown_model().contains(QStringLiteral("compact")));
    test::studio().show_sample();
    QCOMPARE(window_->analysis()->prediction->model, std::string("compact"));
    QVERIFY(answer()->trace()->isVisible());

    auto* prior = menu_entry(QStringLiteral("prior"));
    QVERIFY(prior != nullptr && !prior->isChecked());
    prior->trigger();
    QTRY_VERIFY(shown_model().contains(QStringLiteral("prior")));
    QSignalSpy shown(window_, &ui::MainWindow::analysis_shown);
    window_->run();
    QVERIFY(shown.wait(60000));
    QCOMPARE(window_->analysis()->prediction->model, std::string("prior"));
    QVERIFY(!answer()->trace()->isVisible());   // the prior has no tokens
    window_->models()->open({});
    QTRY_VERIFY(shown_model().contains(QStringLiteral("compact")));
  }
};

std::unique_ptr<QObject> tactus::test::make_models_suite() { return std::make_unique<TestModels>(); }

#include "test_models.moc"
