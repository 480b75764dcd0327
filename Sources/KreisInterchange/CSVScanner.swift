// SPDX-License-Identifier: EUPL-1.2

/// Splits bytes into records and cells.
///
///     record = cell *(delimiter cell) (CRLF / LF / CR / end)
///     cell   = DQUOTE *(any but DQUOTE / 2DQUOTE) DQUOTE / *(any but delimiter, CR, LF)
struct CSVScanner {
  private let delimiter: UInt8
  private let encoding: TextEncoding
  private let read: ChunkSource
  private var buffer: [UInt8]
  private var position = 0
  private var isAtEnd = false
  /// The physical line of the next byte.
  private var line: Int
  private var cell: [UInt8] = []
  private var recordSize = 0

  init(
    head: [UInt8], delimiter: UInt8, encoding: TextEncoding, line: Int, read: @escaping ChunkSource
  ) {
    buffer = head
    self.delimiter = delimiter
    self.encoding = encoding
    self.line = line
    self.read = read
  }

  /// The next record, blank lines included as one empty cell; `nil` at the end.
  mutating func next() throws -> (line: Int, cells: [String])? {
    guard try peek() != nil else { return nil }
    let start = line
    var cells: [String] = []
    recordSize = 0
    do {
      while true {
        let isLast = try readCell(start: start)
        cells.append(try decoded(start: start))
        if isLast { return (start, cells) }
        if cells.count == CSVReader.columnLimit {
          throw LineError(line: start, reason: "more than \(CSVReader.columnLimit) columns")
        }
      }
    } catch {
      // Where the next record starts is unknown now.
      buffer = []
      position = 0
      isAtEnd = true
      throw error
    }
  }

  private mutating func peek() throws -> UInt8? {
    while position == buffer.count {
      guard !isAtEnd, let more = try read() else {
        isAtEnd = true
        return nil
      }
      buffer = more
      position = 0
    }
    return buffer[position]
  }

  /// Reads one cell and what ends it.
  ///
  /// - Returns: whether it was the record's last.
  private mutating func readCell(start: Int) throws -> Bool {
    cell.removeAll(keepingCapacity: true)
    if try peek() == UInt8(ascii: "\"") {
      try readQuoted(start: start)
    } else {
      try readPlain(start: start)
    }
    guard let end = try peek() else { return true }
    position += 1
    switch end {
    case delimiter: return false
    case 0x0A: line += 1
    case 0x0D:
      if try peek() == 0x0A { position += 1 }
      line += 1
    default:
      throw LineError(line: start, reason: "text after the closing quote of a field (line \(line))")
    }
    return true
  }

  private mutating func readPlain(start: Int) throws {
    while try peek() != nil {
      var end = position
      while end < buffer.count, buffer[end] != delimiter, buffer[end] != 0x0A, buffer[end] != 0x0D {
        end += 1
      }
      try take(upTo: end, start: start)
      if end < buffer.count { return }
    }
  }

  private mutating func readQuoted(start: Int) throws {
    let opened = line
    position += 1
    var previous: UInt8 = 0
    while let byte = try peek() {
      if byte == UInt8(ascii: "\"") {
        position += 1
        if try peek() != UInt8(ascii: "\"") { return }
        try take(upTo: position + 1, start: start)
        previous = byte
        continue
      }
      var end = position
      while end < buffer.count, buffer[end] != UInt8(ascii: "\"") {
        if buffer[end] == 0x0D || (buffer[end] == 0x0A && previous != 0x0D) { line += 1 }
        previous = buffer[end]
        end += 1
      }
      try take(upTo: end, start: start)
    }
    throw LineError(line: start, reason: "a quote opened in line \(opened) is never closed")
  }

  private mutating func take(upTo end: Int, start: Int) throws(LineError) {
    cell.append(contentsOf: buffer[position..<end])
    recordSize += end - position
    position = end
    if cell.count > CSVReader.fieldLimit {
      throw LineError(
        line: start,
        reason: "a field of more than \(CSVReader.fieldLimit) bytes; is a quote missing?")
    }
    if recordSize > CSVReader.recordLimit {
      throw LineError(
        line: start,
        reason: "a record of more than \(CSVReader.recordLimit) bytes; is a quote missing?")
    }
  }

  private func decoded(start: Int) throws(LineError) -> String {
    guard let text = encoding.decode(cell) else {
      throw LineError(
        line: start,
        reason: "a byte that is not \(encoding.rawValue), which the beginning of the file is in")
    }
    return text
  }
}
