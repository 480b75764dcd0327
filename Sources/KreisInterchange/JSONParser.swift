// SPDX-License-Identifier: EUPL-1.2

import KreisCore

/// A strict parser of RFC 8259.
///
/// Refused besides what the grammar refuses: a name twice in one object, half a surrogate pair,
/// bytes that are not UTF-8, a byte order mark, more than `depthLimit` levels, and numbers of more
/// than `numberLimit` characters.
package struct JSONParser {
  package static let depthLimit = 32
  static let numberLimit = 64
  /// Bytes of UTF-8 that no message repeats more of.
  private static let excerpt = 20

  private let bytes: UnsafeBufferPointer<UInt8>
  private var index = 0
  private var depth = 0

  /// Parses one JSON text.
  ///
  /// - Parameter limit: bytes that the text may have.
  /// - Throws: `JSONError` with line, column and reason.
  package static func parse(_ bytes: some Collection<UInt8>, limit: Int) throws(JSONError)
    -> JSONValue
  {
    guard bytes.count <= limit else {
      throw JSONError(
        line: 1, column: 1,
        reason: "the text has \(bytes.count) bytes; at most \(limit) are taken")
    }
    let result = bytes.withContiguousStorageIfAvailable { parse(buffer: $0) }
    return try (result ?? Array(bytes).withUnsafeBufferPointer { parse(buffer: $0) }).get()
  }

  private static func parse(buffer: UnsafeBufferPointer<UInt8>) -> Result<JSONValue, JSONError> {
    Result { () throws(JSONError) in
      var parser = JSONParser(bytes: buffer)
      parser.skipSpace()
      let value = try parser.value()
      parser.skipSpace()
      if parser.index < buffer.count { throw parser.error("more after the end of the value") }
      return value
    }
  }

  private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  private var byte: UInt8? { index < bytes.count ? bytes[index] : nil }

  private mutating func skipSpace() {
    while index < bytes.count {
      switch bytes[index] {
      case 0x20, 0x09, 0x0A, 0x0D: index += 1
      default: return
      }
    }
  }

  private func error(_ reason: String, at position: Int? = nil) -> JSONError {
    let end = min(position ?? index, bytes.count)
    var line = 1
    var start = 0
    for offset in 0..<end where bytes[offset] == 0x0A {
      line += 1
      start = offset + 1
    }
    return JSONError(line: line, column: end - start + 1, reason: reason)
  }

  private mutating func value() throws(JSONError) -> JSONValue {
    guard let byte else { throw error("the text ends where a value is expected") }
    switch byte {
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "{"): return try nested { (parser) throws(JSONError) in try parser.object() }
    case UInt8(ascii: "["): return try nested { (parser) throws(JSONError) in try parser.array() }
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: throw error("a value is expected here, not \(found)")
    }
  }

  private var found: String {
    guard let byte else { return "the end" }
    return (0x21...0x7E).contains(byte)
      ? "„\(Character(Unicode.Scalar(byte)))“" : "byte 0x\(String(byte, radix: 16))"
  }

  private mutating func nested(
    _ body: (inout JSONParser) throws(JSONError) -> JSONValue
  ) throws(JSONError) -> JSONValue {
    depth += 1
    if depth > Self.depthLimit { throw error("more than \(Self.depthLimit) levels of nesting") }
    index += 1
    skipSpace()
    let value = try body(&self)
    depth -= 1
    return value
  }

  private mutating func word(_ text: StaticString, _ value: JSONValue) throws(JSONError)
    -> JSONValue
  {
    let count = text.utf8CodeUnitCount
    guard index + count <= bytes.count,
      UnsafeBufferPointer(start: text.utf8Start, count: count)
        .elementsEqual(bytes[index..<index + count])
    else { throw error("a value is expected here; did you mean \(text)?") }
    index += count
    return value
  }

  private mutating func array() throws(JSONError) -> JSONValue {
    var elements: [JSONValue] = []
    if byte == UInt8(ascii: "]") {
      index += 1
      return .array(elements)
    }
    while true {
      elements.append(try value())
      if try isLast(closing: UInt8(ascii: "]"), of: "array") { return .array(elements) }
    }
  }

  private mutating func object() throws(JSONError) -> JSONValue {
    var members: [JSONValue.Member] = []
    // A set pays only for large objects; a few names are compared faster.
    var names: Set<String> = []
    if byte == UInt8(ascii: "}") {
      index += 1
      return .object(members)
    }
    while true {
      let start = index
      guard byte == UInt8(ascii: "\"") else {
        throw error("a name in double quotes is expected here, not \(found)")
      }
      let name = try string()
      let isRepeated =
        members.count < 16 ? members.contains { $0.name == name } : names.contains(name)
      if isRepeated {
        throw error("the name „\(name.prefix(Self.excerpt))“ is there twice", at: start)
      }
      if members.count == 15 { names.formUnion(members.map(\.name)) }
      if members.count >= 15 { names.insert(name) }
      skipSpace()
      guard byte == UInt8(ascii: ":") else {
        throw error("a colon is expected after a name, not \(found)")
      }
      index += 1
      skipSpace()
      members.append(JSONValue.Member(name, try value()))
      if try isLast(closing: UInt8(ascii: "}"), of: "object") { return .object(members) }
    }
  }

  /// Consumes a comma, or the closing bracket.
  private mutating func isLast(closing: UInt8, of container: StaticString) throws(JSONError)
    -> Bool
  {
    skipSpace()
    switch byte {
    case UInt8(ascii: ","):
      index += 1
      skipSpace()
      return false
    case closing:
      index += 1
      return true
    case nil: throw error("the text ends inside an \(container)")
    default: throw error("a comma or the end of the \(container) is expected here, not \(found)")
    }
  }

  private mutating func number() throws(JSONError) -> String {
    let start = index
    if byte == UInt8(ascii: "-") { index += 1 }
    let integer = index
    try digits()
    if bytes[integer] == UInt8(ascii: "0"), index > integer + 1 {
      throw error("a number has no leading zeros", at: start)
    }
    if byte == UInt8(ascii: ".") {
      index += 1
      try digits()
    }
    if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
      index += 1
      if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { index += 1 }
      try digits()
    }
    guard index - start <= Self.numberLimit else {
      throw error("a number of more than \(Self.numberLimit) characters", at: start)
    }
    return String(decoding: bytes[start..<index], as: UTF8.self)
  }

  private mutating func digits() throws(JSONError) {
    let start = index
    while let byte, (0x30...0x39).contains(byte) { index += 1 }
    if index == start { throw error("a digit is expected here, not \(found)") }
  }
}

extension JSONParser {
  /// The string whose opening quote is next.
  private mutating func string() throws(JSONError) -> String {
    index += 1
    let start = index
    while index < bytes.count, bytes[index] != UInt8(ascii: "\""),
      bytes[index] != UInt8(ascii: "\\"),
      bytes[index] >= 0x20
    { index += 1 }
    if byte == UInt8(ascii: "\"") {
      defer { index += 1 }
      let utf8 = UnsafeBufferPointer(rebasing: bytes[start..<index])
      return try valid(String(exactUTF8: utf8), from: start)
    }
    return try escapedString(from: start)
  }

  private func valid(_ text: String?, from start: Int) throws(JSONError) -> String {
    guard let text else { throw error("a string that is not UTF-8", at: start) }
    return text
  }

  private mutating func escapedString(from start: Int) throws(JSONError) -> String {
    var utf8 = Array(bytes[start..<index])
    while let byte {
      switch byte {
      case UInt8(ascii: "\""):
        index += 1
        return try valid(utf8.withUnsafeBufferPointer { String(exactUTF8: $0) }, from: start)
      case UInt8(ascii: "\\"):
        try escape(into: &utf8)
      case ..<0x20:
        throw error(
          "a control character in a string must be written as \\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))"
        )
      default:
        utf8.append(byte)
        index += 1
      }
    }
    throw error("the text ends inside a string")
  }

  private mutating func escape(into utf8: inout [UInt8]) throws(JSONError) {
    let start = index
    index += 1
    guard let escape = byte else { throw error("the text ends inside a string") }
    index += 1
    switch escape {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): utf8.append(escape)
    case UInt8(ascii: "b"): utf8.append(0x08)
    case UInt8(ascii: "f"): utf8.append(0x0C)
    case UInt8(ascii: "n"): utf8.append(0x0A)
    case UInt8(ascii: "r"): utf8.append(0x0D)
    case UInt8(ascii: "t"): utf8.append(0x09)
    case UInt8(ascii: "u"):
      var unit = try hexUnit()
      if (0xD800...0xDBFF).contains(unit), index + 1 < bytes.count,
        bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u")
      {
        index += 2
        let low = try hexUnit()
        guard (0xDC00...0xDFFF).contains(low) else {
          throw error("half a surrogate pair", at: start)
        }
        unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(unit) else {
        throw error("half a surrogate pair", at: start)
      }
      utf8.append(contentsOf: String(Character(scalar)).utf8)
    default: throw error("an unknown escape in a string", at: start)
    }
  }

  private mutating func hexUnit() throws(JSONError) -> UInt32 {
    guard index + 4 <= bytes.count else { throw error("the text ends inside a string") }
    var unit: UInt32 = 0
    for byte in bytes[index..<index + 4] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        throw error("four hexadecimal digits are expected after \\u")
      }
      unit = unit << 4 | UInt32(digit)
    }
    index += 4
    return unit
  }
}
