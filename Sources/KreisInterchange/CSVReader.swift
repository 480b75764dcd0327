// SPDX-License-Identifier: EUPL-1.2

/// Reads a table as German offices produce it, a chunk at a time (RFC 4180 with its dialects).
///
/// The delimiter is whichever of `;`, `,` and tab the header has most of, or what Excel's `sep=`
/// line names. Fields in double quotes may contain line ends; blanks are kept. A quote inside an
/// unquoted field stands for itself. Rows without any content are skipped.
package struct CSVReader {
  /// Bytes that one field may have.
  package static let fieldLimit = 65_536
  /// Bytes that one record may have.
  package static let recordLimit = 1 << 20
  package static let columnLimit = 512
  /// Bytes from which the encoding is concluded.
  static let headSize = 65_536

  package let encoding: TextEncoding
  package let delimiter: Character
  /// The names of the columns, trimmed.
  package private(set) var header: [String] = []
  /// The physical line on which the header starts.
  package private(set) var headerLine = 1

  private var scanner: CSVScanner

  /// Reads as far as the header.
  ///
  /// - Parameters:
  ///   - encoding: what the file is known to be in; by default concluded from its first 64 KiB.
  ///   - read: gives the next bytes of the file.
  /// - Throws: `LineError`, and what the source throws.
  package init(encoding: TextEncoding? = nil, read: @escaping ChunkSource) throws {
    var head: [UInt8] = []
    var isComplete = false
    while head.count < Self.headSize, !isComplete {
      if let more = try read() { head += more } else { isComplete = true }
    }
    if head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF]) {
      throw LineError(line: 1, reason: "the file is UTF-16; save it as “CSV UTF-8”")
    }
    let hasMark = head.starts(with: [0xEF, 0xBB, 0xBF])
    if hasMark { head.removeFirst(3) }
    let detected =
      hasMark ? .utf8 : TextEncoding.detected(in: head, isComplete: isComplete)
    self.encoding = encoding ?? detected
    var line = 1
    let named = Self.removeSeparatorLine(&head, line: &line)
    let byte = named ?? Self.delimiter(in: head)
    delimiter = Character(Unicode.Scalar(byte))
    scanner = CSVScanner(
      head: head, delimiter: byte, encoding: self.encoding, line: line, read: read)
    header = try readHeader()
  }

  /// The next record with content; `nil` at the end of the file.
  ///
  /// After an error in one record's columns the next call goes on with the next record; after any
  /// other error it ends.
  ///
  /// - Returns: the physical line on which the record starts, and one cell per column.
  /// - Throws: `LineError`, and what the source throws.
  package mutating func next() throws -> (line: Int, cells: [String])? {
    guard let record = try nextWithContent() else { return nil }
    guard record.cells.count == header.count else {
      throw LineError(
        line: record.line,
        reason: "\(record.cells.count) columns, but the header has \(header.count)"
          + "; is a “\(delimiter == "\t" ? "tab" : String(delimiter))” missing or not in quotes?")
    }
    return record
  }

  private mutating func nextWithContent() throws -> (line: Int, cells: [String])? {
    while let record = try scanner.next() {
      if record.cells.contains(where: { !$0.isEmpty }) { return record }
    }
    return nil
  }

  private mutating func readHeader() throws -> [String] {
    guard let record = try nextWithContent() else {
      throw LineError(line: 1, reason: "the file is empty; a header of field names is expected")
    }
    headerLine = record.line
    let names = record.cells.map { String($0.trimmingBlanks()) }
    if let index = names.firstIndex(of: "") {
      throw LineError(line: record.line, reason: "column \(index + 1) has no name in the header")
    }
    var seen: Set<String> = []
    for name in names where !seen.insert(name).inserted {
      throw LineError(line: record.line, reason: "the header has „\(name)“ twice")
    }
    return names
  }

  /// Excel writes and reads a first line `sep=;`.
  private static func removeSeparatorLine(_ head: inout [UInt8], line: inout Int) -> UInt8? {
    guard head.count > 4, head.prefix(4).map({ $0 | 0x20 }) == Array("sep=".utf8) else {
      return nil
    }
    let delimiter = head[4]
    let end = head.dropFirst(5).prefix(2)
    guard [0x2C, 0x3B, 0x09].contains(delimiter),
      end.first == 0x0A || end.starts(with: [0x0D, 0x0A])
    else { return nil }
    head.removeFirst(end.first == 0x0A ? 6 : 7)
    line = 2
    return delimiter
  }

  private static func delimiter(in head: [UInt8]) -> UInt8 {
    var counts: [UInt8: Int] = [:]
    var isQuoted = false
    var hasContent = false
    for byte in head {
      if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
      if byte == 0x0A || byte == 0x0D, !isQuoted {
        if hasContent { break }
      } else {
        hasContent = true
        if !isQuoted { counts[byte, default: 0] += 1 }
      }
    }
    let candidates: [UInt8] = [0x3B, 0x2C, 0x09]
    // A header of one column has none of them; then it does not matter.
    return candidates.max { counts[$0, default: 0] < counts[$1, default: 0] } ?? 0x3B
  }
}

extension String {
  func trimmingBlanks() -> Substring {
    let isBlank: (Character) -> Bool = { $0.isWhitespace }
    let head = drop(while: isBlank)
    let count = head.reversed().prefix(while: isBlank).count
    return head.dropLast(count)
  }
}
