// SPDX-License-Identifier: EUPL-1.2

package import KreisInterchange

/// What one test of `kreisnetz doctor` found.
package struct Finding: Hashable, Sendable {
  package enum Level: String, Sendable {
    case ok = "OK"
    /// Works, but somebody should look at it.
    case warn = "WARN"
    case fail = "FAIL"

    /// How a figure is that has a threshold.
    init(_ state: CheckState) {
      self =
        switch state {
        case .ok: .ok
        case .warning, .unknown: .warn
        case .critical: .fail
        }
    }
  }

  package let level: Level
  /// The test's short name.
  package let test: String
  package let text: String
  /// What to do; empty where nothing is to be done.
  package let advice: String

  package init(_ level: Level, _ test: String, _ text: String, _ advice: String = "") {
    (self.level, self.test, self.text, self.advice) = (level, test, text, advice)
  }

  /// `{"level","test","text","advice"}`.
  package var json: JSONValue {
    [
      "level": .string(level.rawValue), "test": .string(test), "text": .string(text),
      "advice": .string(advice),
    ]
  }

  /// `nil` for what `json` did not make.
  package init?(_ json: JSONValue) {
    guard let level = json["level"]?.text.flatMap({ Level(rawValue: $0) }),
      let test = json["test"]?.text, let text = json["text"]?.text,
      let advice = json["advice"]?.text
    else { return nil }
    self.init(level, test, text, advice)
  }
}
