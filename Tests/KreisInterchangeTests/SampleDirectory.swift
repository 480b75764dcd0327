// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import Testing

/// Records in memory, for writers.
struct SampleDirectory {
  private(set) var records: [ExportRecord] = []

  /// Adds a record whose id ends with `number`.
  ///
  /// - Parameter values: of sets the elements separated by `|`; references as numbers of records.
  mutating func add(
    _ kind: String, _ number: Int, _ values: KeyValuePairs<String, String>,
    isPlaceProtected: Bool = false
  ) throws {
    let kind = try Schema.directory.kind(named: kind)
    var all: [String: [String]] = [:]
    for (name, text) in values {
      let field = try kind.field(named: name)
      let parts = field.isSet ? text.split(separator: "|").map(String.init) : [text]
      all[name] = try parts.map { part in
        if case .reference = field.type { return Self.id(Int(part) ?? 0) }
        return try field.validate(part)
      }
    }
    records.append(
      ExportRecord(
        id: Self.id(number), kind: kind, values: all, isPlaceProtected: isPlaceProtected))
  }

  static func id(_ number: Int) -> String {
    let digits = String(number)
    return "00000000-002a-8abc-9def-" + String(repeating: "0", count: 12 - digits.count) + digits
  }

  var source: ExportSource {
    let records = records
    return ExportSource(
      record: { id in records.first { $0.id == id } },
      referring: { kind, field, id in
        records.filter { $0.kind.name == kind && $0.elements(field).contains(id) }
      })
  }

  subscript(number: Int) -> ExportRecord? { records.first { $0.id == Self.id(number) } }
}

/// What a writer gave, as text; a reason in parentheses.
func text(_ result: ExportResult) -> String {
  switch result {
  case .written(let bytes): String(decoding: bytes, as: UTF8.self)
  case .leftOut(let reason): "(\(reason))"
  }
}

/// A line of iCalendar or vCard as its reader has it.
struct ReadLine: Equatable {
  let name: String
  let value: String

  /// Puts pieces together; the size of every piece is checked, and that each is UTF-8 by itself.
  static func all(_ bytes: [UInt8]) throws -> [ReadLine] {
    var pieces: [[UInt8]] = [[]]
    for byte in bytes {
      pieces[pieces.count - 1].append(byte)
      if byte == 0x0A { pieces.append([]) }
    }
    #expect(pieces.last == [])
    var lines: [String] = []
    for piece in pieces.dropLast() {
      #expect(piece.suffix(2) == [0x0D, 0x0A])
      #expect(piece.count - 2 <= 75)
      let text = try #require(String(validating: piece.dropLast(2), as: UTF8.self))
      if text.unicodeScalars.first == " " {
        lines[lines.count - 1].unicodeScalars.append(contentsOf: text.unicodeScalars.dropFirst())
      } else {
        lines.append(text)
      }
    }
    // Scalars: a colon before a combining mark is no character of its own.
    return try lines.map(\.unicodeScalars).map { line in
      let colon = try #require(line.firstIndex(of: ":"))
      return ReadLine(
        name: String(line[..<colon]), value: String(line[line.index(after: colon)...]))
    }
  }

  /// The value of text without escapes.
  var text: String {
    var out = String.UnicodeScalarView()
    var isEscaped = false
    for scalar in value.unicodeScalars {
      if isEscaped {
        out.append(scalar == "n" || scalar == "N" ? "\n" : scalar)
        isEscaped = false
      } else if scalar == "\\" {
        isEscaped = true
      } else {
        out.append(scalar)
      }
    }
    return String(out)
  }
}

/// Random values that a seed decides.
struct Dice: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  /// SplitMix64.
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func text(_ alphabet: String, upTo limit: Int) -> String {
    let characters = Array(alphabet.unicodeScalars)
    var out = String.UnicodeScalarView()
    for _ in 0...Int.random(in: 0..<limit, using: &self) {
      if let scalar = characters.randomElement(using: &self) { out.append(scalar) }
    }
    return String(out)
  }
}
