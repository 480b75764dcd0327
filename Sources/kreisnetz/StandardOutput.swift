// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import KreisLocal
import KreisStore
import Synchronization

/// Writes to standard output, buffered: `main` flushes at the end.
struct StandardOutput {
  private static let pending = Mutex<[UInt8]>([])
  private static let limit = 65_536
  private static let waitingHeading = Mutex<String?>(nil)

  /// Keeps what is to stand above the text for people, if there is one.
  static func setHeading(_ text: String) { waitingHeading.withLock { $0 = text } }

  /// Writes the heading that was set, once.
  func heading() throws(CommandError) {
    let text = Self.waitingHeading.withLock { heading in
      defer { heading = nil }
      return heading
    }
    if let text { try line(PlainText.printable(text)) }
  }

  /// - Throws: `CommandError` if the output cannot be written (disk full).
  func write(_ bytes: [UInt8]) throws(CommandError) {
    let isFull = Self.pending.withLock { pending in
      pending += bytes
      return pending.count >= Self.limit
    }
    if isFull { try flush() }
  }

  /// Writes a line of text.
  func line(_ text: String) throws(CommandError) { try write(Array(text.utf8) + [0x0A]) }

  /// Writes a JSON text on a line of its own.
  func json(_ value: JSONValue, style: JSONWriter.Style = .compact) throws(CommandError) {
    try write(JSONWriter.bytes(of: value, style: style) + [0x0A])
  }

  /// Sends what is in the buffer.
  func flush() throws(CommandError) {
    let bytes = Self.pending.withLock { pending in
      defer { pending.removeAll(keepingCapacity: true) }
      return pending
    }
    let failure = writeAll(bytes, to: STDOUT_FILENO)
    guard failure == 0 else {
      throw CommandError(
        .notNow, "The output cannot be written: \(String(cString: strerror(failure))).")
    }
  }
}

/// Texts for people.
enum PlainText {
  /// Local time, to the minute.
  static func time(_ json: JSONValue?) -> String {
    guard case .number(let lexeme) = json, var seconds = time_t(lexeme) else { return "?" }
    var parts = tm()
    localtime_r(&seconds, &parts)
    var buffer = [CChar](repeating: 0, count: 32)
    let count = strftime(&buffer, buffer.count, "%d.%m.%Y %H:%M", &parts)
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// A day as people write it, 24.11.2026.
  static func date(_ json: JSONValue?, none: String) -> String {
    guard case .string(let text) = json else { return none }
    let parts = text.split(separator: "-")
    return parts.count == 3 ? "\(parts[2]).\(parts[1]).\(parts[0])" : text
  }

  /// A text or number as such, a list with commas.
  static func value(_ json: JSONValue?) -> String {
    switch json {
    case nil, .null: "–"
    case .bool(let flag): flag ? "ja" : "nein"
    case .number(let lexeme): lexeme
    case .string(let text): printable(text)
    case .array(let elements): elements.map { value($0) }.joined(separator: ", ")
    case .some(let object): JSONWriter.text(of: object)
    }
  }

  /// A number with what it counts.
  static func counted(_ json: JSONValue?, _ one: String, _ many: String) -> String {
    "\(value(json)) \(json == .integer(1) ? one : many)"
  }

  /// Without what could steer a terminal: another town's text is shown here.
  static func printable(_ text: String) -> String {
    var out = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      let isControl = scalar.properties.generalCategory == .control && scalar != "\n"
      out.append(isControl ? "␣" : scalar)
    }
    return String(out)
  }

  static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}

/// Prints rows in columns. Holds the first rows back, to learn how wide the columns are.
final class TablePrinter {
  private static let sample = 1_000
  private let output = StandardOutput()
  private var waiting: [[String]]? = []
  private var widths: [Int]

  init(header: [String]) {
    widths = header.map(\.count)
    waiting = [header]
  }

  func add(_ cells: [String]) throws {
    let cells = cells.map { $0.replacing("\n", with: " ") }
    guard waiting != nil else { return try print(cells) }
    waiting?.append(cells)
    for (index, cell) in cells.enumerated() { widths[index] = max(widths[index], cell.count) }
    if waiting?.count == Self.sample { try release() }
  }

  func finish() throws { try release() }

  private func release() throws {
    let rows = waiting ?? []
    waiting = nil
    try output.heading()
    for row in rows { try print(row) }
  }

  private func print(_ cells: [String]) throws {
    let last = cells.count - 1
    let line = cells.enumerated().map { index, cell in
      index == last ? cell : PlainText.padded(cell, widths[index])
    }
    let text = line.joined(separator: "  ")
    try output.line(String(text.reversed().drop { $0 == " " }.reversed()))
  }
}
