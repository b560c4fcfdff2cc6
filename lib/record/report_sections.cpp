#include "record/report_sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "evaluate/requirement.h"
#include "record/report_confusion.h"
#include "record/report_text.h"

namespace maas {
namespace {

// The metrics in the order of importance; values is sorted by name.
std::vector<std::string> ordered_metrics(const ReportData& data) {
  std::vector<std::string> names;
  const auto add = [&](const std::vector<std::string>& more) {
    for (const std::string& name : more) {
      if (data.metrics.values.contains(name) &&
          std::find(names.begin(), names.end(), name) == names.end()) {
        names.push_back(name);
      }
    }
  };
  add(default_metrics(data.task));
  add(metric_names(data.task));
  for (const auto& [name, value] : data.metrics.values) add({name});
  return names;
}

std::string requirement_html(const ReportData& data, const std::string& name) {
  const auto found = data.require.find(name);
  if (found == data.require.end()) return "";
  const bool met = unmet(data.metrics, {*found}).empty();
  return fmt::format("<div><span class=\"pill {}\">{} {}</span></div>", met ? "met" : "unmet",
                     met ? "✓ required" : "✗ required", html_escape(found->second));
}

std::string metric_note(const ReportData& data, const std::string& name) {
  const double samples = static_cast<double>(data.metrics.samples);
  if (name != "accuracy" || !(samples > 0)) return "";
  const int64_t wrong = std::llround((1 - data.metrics.values.at(name)) * samples);
  return grouped(wrong) + " of " + grouped(data.metrics.samples) + " wrong";
}

std::string spoken(std::string name) {
  static const std::map<std::string, std::string> kNames = {{"macro_f1", "macro F1"},
                                                            {"micro_f1", "micro F1"},
                                                            {"nll", "negative log-likelihood"},
                                                            {"ece", "calibration error (ECE)"},
                                                            {"brier", "Brier score"},
                                                            {"roc_auc", "area under ROC"},
                                                            {"mae", "mean absolute error"},
                                                            {"rmse", "RMSE"},
                                                            {"r2", "R²"}};
  const auto found = kNames.find(name);
  if (found != kNames.end()) return found->second;
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

std::string card(const std::string& name, const std::string& value, const std::string& rest) {
  return fmt::format(
      "<div class=\"card\"><div class=\"name\">{}</div><div class=\"value "
      "number\">{}</div>{}</div>\n",
      html_escape(name), html_escape(value), rest);
}

// For pages without script: the loss alone, training and validation.
LineChart loss_chart(const ReportData& data) {
  constexpr size_t kMostPoints = 200;
  LineChart chart{.title = "loss", .x_label = "steps", .y_label = "loss"};
  for (const ReportSeries& series : data.curves) {
    if (series.metric != "loss") continue;
    LineChart::Line line{
        series.fold > 0 ? fmt::format("{} {}", series.split, series.fold) : series.split, {}};
    const size_t stride = series.steps.size() / kMostPoints + 1;
    for (size_t i = 0; i < series.steps.size(); i += stride) {
      line.points.emplace_back(series.steps[i], series.values[i]);
    }
    chart.lines.push_back(std::move(line));
  }
  return chart;
}

}  // namespace

std::string headlines_html(const ReportData& data) {
  std::string html;
  for (const std::string& name : ordered_metrics(data)) {
    const std::string note = metric_note(data, name);
    html += card(spoken(name), metric_text(name, data.metrics.values.at(name)),
                 (note.empty() ? "" : "<div class=\"note\">" + note + "</div>") +
                     requirement_html(data, name));
  }
  for (const ReportFact& fact : data.headlines) html += card(fact.name, fact.value, "");
  return html.empty() ? "" : "<div class=\"headlines\">\n" + html + "</div>\n";
}

std::string charts_html(const ReportData& data) {
  std::string html;
  for (const LineChart& chart : data.charts) {
    const std::string svg = line_chart_svg(chart);
    if (svg.empty()) continue;
    html += "<h2>" + html_escape(chart.title) + "</h2>\n<div class=\"card\">" + svg + "</div>\n";
  }
  return html.empty() ? "" : "<section id=\"charts\">" + html + "</section>\n";
}

std::string warnings_html(const ReportData& data) {
  if (data.warnings.empty()) return "";
  std::string items;
  for (const std::string& line : data.warnings) items += "<li>" + html_escape(line) + "</li>\n";
  return "<div class=\"card warnings\"><h3>Worth knowing</h3><ul>\n" + items + "</ul></div>\n";
}

std::string commands_html(const ReportData& data) {
  std::string items;
  for (size_t i = 0; i < data.commands.size(); ++i) {
    items += fmt::format(
        "<li><div><span>{1}</span><code id=\"command-{0}\">{2}</code></div>"
        "<button data-copy=\"command-{0}\">Copy</button></li>\n",
        i, html_escape(data.commands[i].purpose), html_escape(data.commands[i].text));
  }
  if (items.empty()) return "";
  return "<section id=\"next\"><h2>What to type next</h2>\n<ul class=\"commands card\">\n" + items +
         "</ul></section>\n";
}

std::string curves_html(const ReportData& data) {
  if (data.curves.empty()) return "";
  const std::string still = line_chart_svg(loss_chart(data));
  const bool folded = std::any_of(data.curves.begin(), data.curves.end(),
                                  [](const ReportSeries& series) { return series.fold > 0; });
  return R"html(<section id="curves"><h2>Curves</h2>
<p>Drag over a chart to zoom in, double-click to see all of it again.)html" +
         std::string(data.best_step ? " The dashed line marks the weights that were kept." : "") +
         std::string(folded ? " Each fold is a line of its own, from its first step on." : "") +
         R"html(</p>
<div class="tools"><label>x axis <select id="x-axis"><option value="steps">steps</option>
<option value="epochs">epochs</option><option value="seconds">seconds</option></select></label>
<label>smoothing <input id="smoothing" type="range" min="0" max="0.99" step="0.01" value="0">
<span id="smoothing-value" class="number">0.00</span></label></div>
<div class="charts" id="curve-charts"></div>
)html" + (still.empty() ? "" : "<noscript><div class=\"card\">" + still + "</div></noscript>\n") +
         "</section>\n";
}

std::string confusion_html(const ReportData& data) {
  if (!data.metrics.confusion.defined()) return "";
  const bool cut = data.metrics.confusion.size(0) > 40;
  const std::string note = std::string("Rows are the truth, columns what the model said. ") +
                           (cut ? "Of all " + grouped(data.metrics.confusion.size(0)) +
                                      " classes, the 40 with the most mistakes are shown. "
                                : "") +
                           (data.examples.empty() ? "" : "Choose a red cell to see what is in it.");
  return fmt::format(R"html(<section id="confusion"><h2>Confusion</h2>
<p>{}</p>
<div class="matrix"><div class="card"><div class="tools" role="group" aria-label="what cells show">
<button data-show="count" aria-pressed="true">Counts</button>
<button data-show="share" aria-pressed="false">% of the row</button></div>
<div class="scroll"><table class="confusion{}" id="confusion-table">{}</table></div></div>
<div class="card"><h3>Most often confused</h3><ul class="pairs" id="pairs"></ul></div></div>
</section>
)html",
                     note, data.metrics.confusion.size(0) > 16 ? " dense" : "",
                     confusion_rows_html(data));
}

std::string classes_html(const ReportData& data) {
  if (data.metrics.per_class.empty()) return "";
  std::string html = R"html(<section id="classes"><h2>Classes</h2>
<div class="columns"><div class="card"><div class="head"><h3>Precision and recall</h3>
<div><span class="key"><i class="dot" style="background:var(--train)"></i>precision</span>
<span class="key"><i class="dot" style="background:var(--validation)"></i>recall</span></div></div>
<div class="scroll tall" tabindex="0"><table class="classes" id="class-table"></table></div></div>
)html";
  if (!data.confidence_bins.empty()) {
    html += R"html(<div class="card"><h3>Is its confidence deserved?</h3>
<p class="muted" style="margin:2px 0 12px;font-size:13px">Bars on the diagonal: of the rows it is 80 %
sure of, 80 % are right. Red is the gap; bars of fewer than 10 rows are faint.</p>
<svg class="diagram" id="calibration-diagram" viewBox="0 0 360 436" role="img"
aria-label="accuracy by confidence"></svg></div>
)html";
  }
  return html + "</div></section>\n";
}

std::string scatter_html(const ReportData& data) {
  if (data.points.empty()) return "";
  return R"html(<section id="scatter-section"><h2>Predicted and true values</h2>
<div class="columns"><div class="card"><h3>Dots on the dashed line are exact</h3>
<svg class="diagram" id="scatter" viewBox="0 0 470 450" role="img"
aria-label="predicted against true values"></svg></div>
<div class="card"><h3>How far off</h3><svg class="diagram" id="residuals"
viewBox="0 0 470 450" role="img" aria-label="histogram of predicted minus true"></svg></div></div></section>
)html";
}

std::string examples_html(const ReportData& data) {
  if (data.examples.empty()) return "";
  return R"html(<section id="mistakes"><h2>Mistakes, worst first</h2>
<p>Green is the truth, red what the model said. The bar shows how sure it was.</p>
<div class="tools"><label>true <select id="truth"><option value="">any</option></select></label>
<label>predicted <select id="predicted"><option value="">any</option></select></label>
<label>order <select id="order"><option value="loss">highest loss</option>
<option value="doubt">least sure</option><option value="class">by class</option></select></label>
<button id="clear" hidden>Show all</button>
<span id="gallery-count" class="muted number" role="status"></span></div>
<div class="gallery" id="gallery"></div>
<p style="margin-top:14px"><button id="more" hidden>Show more</button></p></section>
)html";
}

}  // namespace maas
