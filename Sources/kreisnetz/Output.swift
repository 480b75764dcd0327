import Foundation
import KreisInterchange

/// What commands print.
enum Output {
  /// One line of JSON.
  static func print(json: JSONValue) { print(JSONWriter.text(of: json)) }

  /// A text and a line break, written at once: not lost if the process is killed right after.
  static func print(_ text: String) {
    FileHandle.standardOutput.write(Data((text + "\n").utf8))
  }

  /// A word to the person who waits, beside the data.
  static func note(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
  }

  /// A time as people and programs both read it.
  static func time(_ seconds: UInt64) -> String {
    Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(.iso8601)
  }
}

/// The machine's clock and entropy, which everything below takes as values.
enum SystemClock {
  /// Seconds since 1970.
  static func now() -> UInt64 { UInt64(max(0, Date().timeIntervalSince1970)) }

  static func random() -> UInt64 { .random(in: .min ... .max) }
}
