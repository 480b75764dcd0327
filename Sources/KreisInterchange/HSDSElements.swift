// SPDX-License-Identifier: EUPL-1.2

/// Splits a JSON document into the objects that it lists: the elements of an array, or objects that
/// follow each other. Memory is bounded by the largest of them.
struct HSDSElements {
  /// Bytes that one object may have: an organization with all of its services.
  static let elementLimit = 32 << 20

  private let read: ChunkSource
  private var chunk: [UInt8] = []
  private var position = 0
  private var line = 1
  private var isAtEnd = false

  init(read: @escaping ChunkSource) { self.read = read }

  /// The next object; `nil` at the end.
  ///
  /// - Returns: the line on which it starts, and its text.
  /// - Throws: `LineError`, after which the reader is at its end; and what the source throws.
  mutating func next() throws -> (line: Int, bytes: [UInt8])? {
    while let byte = try peek() {
      switch byte {
      case 0x20, 0x09, 0x0D, 0x0A, UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"):
        advance()
      // A byte order mark.
      case 0xEF, 0xBB,
        0xBF where line == 1:
        advance()
      case UInt8(ascii: "{"):
        let start = line
        return (start, try object(from: start))
      default:
        end()
        throw LineError(
          line: line,
          reason:
            "an object of HSDS is expected, like { \"id\": …, \"name\": … }, or an array of them")
      }
    }
    return nil
  }

  private mutating func object(from start: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var depth = 0
    var isInString = false
    var isEscaped = false
    while let byte = try peek() {
      advance()
      bytes.append(byte)
      guard bytes.count <= Self.elementLimit else {
        end()
        throw LineError(
          line: start, reason: "an object of more than \(Self.elementLimit) bytes")
      }
      if isInString {
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
          isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
          isInString = false
        }
        continue
      }
      switch byte {
      case UInt8(ascii: "\""): isInString = true
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        if depth == 0 { return bytes }
      default: break
      }
    }
    throw LineError(line: start, reason: "the object that begins here does not end")
  }

  private mutating func peek() throws -> UInt8? {
    while position == chunk.count {
      guard !isAtEnd, let more = try read() else {
        isAtEnd = true
        return nil
      }
      chunk = more
      position = 0
    }
    return chunk[position]
  }

  private mutating func advance() {
    if chunk[position] == 0x0A { line += 1 }
    position += 1
  }

  private mutating func end() {
    chunk = []
    position = 0
    isAtEnd = true
  }
}
