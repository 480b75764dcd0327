// SPDX-License-Identifier: EUPL-1.2

/// Reads a stream of JSON texts, one per line, a chunk at a time.
///
/// Blank lines are skipped, a byte order mark at the start and `\r` before `\n` are tolerated. Memory
/// is bounded by the longest line and the largest chunk.
package struct NDJSONReader {
  /// Bytes that a line may have.
  package static let lineLimit = 1 << 20

  private let read: ChunkSource
  private var chunk: ArraySlice<UInt8> = []
  private var line = 0
  private var isAtEnd = false

  package init(read: @escaping ChunkSource) { self.read = read }

  /// The next line that is not blank, without its line end; `nil` at the end of the stream.
  ///
  /// - Throws: `LineError` for a line that is too long, after which the reader is at its end; and
  ///   what the source throws.
  package mutating func next() throws -> (line: Int, bytes: ArraySlice<UInt8>)? {
    while let bytes = try nextLine() {
      if bytes.contains(where: { $0 != 0x20 && $0 != 0x09 }) { return (line, bytes) }
    }
    return nil
  }

  private mutating func nextLine() throws -> ArraySlice<UInt8>? {
    line += 1
    var start: [UInt8] = []
    while !isAtEnd {
      if let end = chunk.firstIndex(of: 0x0A) {
        let rest = chunk[..<end]
        chunk = chunk[(end + 1)...]
        return try finished(start.isEmpty ? rest : (start + rest)[...])
      }
      start.append(contentsOf: chunk)
      try checkLength(start.count)
      chunk = []
      if let more = try read() { chunk = more[...] } else { isAtEnd = true }
    }
    return start.isEmpty ? nil : try finished(start[...])
  }

  private mutating func finished(_ bytes: ArraySlice<UInt8>) throws(LineError) -> ArraySlice<UInt8>
  {
    var bytes = bytes
    if line == 1, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
    if bytes.last == 0x0D { bytes = bytes.dropLast() }
    try checkLength(bytes.count)
    return bytes
  }

  private mutating func checkLength(_ count: Int) throws(LineError) {
    if count > Self.lineLimit {
      // What follows in the stream is the rest of this line: there is nothing to go on with.
      chunk = []
      isAtEnd = true
      throw LineError(line: line, reason: "longer than \(Self.lineLimit) bytes")
    }
  }
}
