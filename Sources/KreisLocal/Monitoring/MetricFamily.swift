// SPDX-License-Identifier: EUPL-1.2

package import KreisInterchange
package import KreisStore

/// One metric with all its values, as Prometheus has them
/// (https://prometheus.io/docs/instrumenting/exposition_formats/, text format 0.0.4).
package struct MetricFamily: Hashable, Sendable {
  package enum Kind: String, Sendable {
    case gauge, histogram
  }

  package struct Label: Hashable, Sendable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
      (self.name, self.value) = (name, value)
    }
  }

  package struct Sample: Hashable, Sendable {
    /// What follows the family's name: of a histogram `_bucket`, `_sum` or `_count`.
    package let suffix: String
    package let labels: [Label]
    package let value: Double

    package init(_ value: Double, suffix: String = "", _ labels: [Label] = []) {
      (self.value, self.suffix, self.labels) = (value, suffix, labels)
    }
  }

  package let name: String
  package let help: String
  package let kind: Kind
  package let samples: [Sample]

  package init(_ name: String, _ help: String, _ kind: Kind, _ samples: [Sample]) {
    (self.name, self.help, self.kind, self.samples) = (name, help, kind, samples)
  }

  /// A histogram over durations in seconds.
  package init(_ name: String, _ help: String, _ histogram: DurationHistogram) {
    var samples: [Sample] = []
    var count: UInt64 = 0
    // Each class counts what the smaller ones do.
    for (index, more) in histogram.counts.enumerated() {
      count += more
      let bound =
        index < DurationHistogram.bounds.count
        ? Self.text(DurationHistogram.bounds[index]) : "+Inf"
      samples.append(Sample(Double(count), suffix: "_bucket", [Label("le", bound)]))
    }
    samples.append(Sample(histogram.sum, suffix: "_sum"))
    samples.append(Sample(Double(count), suffix: "_count"))
    self.init(name, help, .histogram, samples)
  }

  /// The value of a family that has one without labels.
  package var value: Double? { samples.first { $0.labels.isEmpty }?.value }

  // MARK: - Text

  /// Whole numbers without a fraction.
  package static func text(_ value: Double) -> String {
    Int64(exactly: value).map { "\($0)" } ?? "\(value)"
  }

  /// The families as text, each line with its end.
  package static func exposition(_ families: [MetricFamily]) -> String {
    families.map(\.text).joined()
  }

  private var text: String {
    var out = "# HELP \(name) \(Self.escaped(help))\n# TYPE \(name) \(kind.rawValue)\n"
    for sample in samples {
      let labels = sample.labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }
      out += name + sample.suffix
      if !labels.isEmpty { out += "{\(labels.joined(separator: ","))}" }
      out += " \(Self.text(sample.value))\n"
    }
    return out
  }

  private static func escaped(_ text: String, quotes: Bool = false) -> String {
    let escaped = text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
    return quotes ? escaped.replacing("\"", with: "\\\"") : escaped
  }

  // MARK: - JSON

  /// `{"name","help","type","samples":[{"name","labels":{…},"value"}]}`.
  package var json: JSONValue {
    [
      "name": .string(name), "help": .string(help), "type": .string(kind.rawValue),
      "samples": .array(
        samples.map { sample in
          [
            "name": .string(name + sample.suffix),
            "labels": .object(sample.labels.map { .init($0.name, .string($0.value)) }),
            "value": .number(Self.text(sample.value)),
          ]
        }),
    ]
  }

  /// Reads what `json` made.
  ///
  /// - Throws: `CommandError` for anything else: the daemon is of another version.
  package init(_ json: JSONValue) throws(CommandError) {
    let strange = CommandError(
      .notNow, "The running daemon is of another version: its metrics cannot be read.")
    guard case .string(let name)? = json["name"], case .string(let help)? = json["help"],
      case .string(let type)? = json["type"], let kind = Kind(rawValue: type),
      case .array(let rows)? = json["samples"]
    else { throw strange }
    var samples: [Sample] = []
    for row in rows {
      guard case .string(let full)? = row["name"], full.hasPrefix(name),
        case .object(let labels)? = row["labels"], case .number(let text)? = row["value"],
        let value = Double(text)
      else { throw strange }
      samples.append(
        Sample(
          value, suffix: String(full.dropFirst(name.count)),
          labels.compactMap { label in
            if case .string(let text) = label.value { Label(label.name, text) } else { nil }
          }))
    }
    self.init(name, help, kind, samples)
  }
}
