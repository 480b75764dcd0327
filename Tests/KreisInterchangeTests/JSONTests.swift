// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
import Testing

struct JSONTests {
  private func parse(_ text: String, limit: Int = 1 << 20) throws(JSONError) -> JSONValue {
    try JSONParser.parse(Array(text.utf8), limit: limit)
  }

  @Test func `values of all kinds are read, keys in their order`() throws {
    let json = try parse(
      #" {"b":[1,-2.50e+3,true,false,null],"a":{"x":"ä\n\u00e4\ud83d\ude00\/"}, "c":[],"d":{}} "#)
    #expect(
      json
        == [
          "b": .array([.number("1"), .number("-2.50e+3"), .bool(true), .bool(false), .null]),
          "a": ["x": "ä\nä😀/"], "c": .array([]), "d": .object([]),
        ])
    #expect(json["a"]?["x"] == "ä\nä😀/")
    #expect(json["e"] == nil)
  }

  @Test(arguments: [
    ("", 1, 1, "ends where a value"), ("{", 1, 2, "a name in double quotes"),
    ("{\"a\":1,\n \"a\":2}", 2, 2, "there twice"), ("[1,]", 1, 4, "a value is expected"),
    ("{\"a\":1,}", 1, 8, "a name in double quotes"), ("[1 2]", 1, 4, "a comma"),
    ("{'a':1}", 1, 2, "a name in double quotes"), ("[01]", 1, 2, "leading zeros"),
    ("[1.]", 1, 4, "a digit"),
    ("[-]", 1, 3, "a digit"), ("[.5]", 1, 2, "a value is expected"), ("[1e]", 1, 4, "a digit"),
    ("nul", 1, 1, "did you mean null"),
    ("NaN", 1, 1, "a value is expected"), ("1 1", 1, 3, "more after the end"),
    ("\"a", 1, 3, "inside a string"),
    ("\"\\ud83d\"", 1, 2, "surrogate"), ("\"\\ude00\"", 1, 2, "surrogate"),
    ("\"\\ud83d\\u0041\"", 1, 2, "surrogate"),
    ("\"\\ud83d\\", 1, 2, "surrogate"), ("\"\\u12g4\"", 1, 4, "hexadecimal"),
    ("\"\\u1", 1, 4, "inside a string"), ("\"\\x\"", 1, 2, "unknown escape"),
    ("\"\\", 1, 3, "inside a string"),
    ("\"a\tb\"", 1, 3, "control character"), ("\"a\nb\"", 1, 3, "control character"),
    ("[1", 1, 3, "inside an array"),
    ("{\"a\"", 1, 5, "a colon"), ("{\"a\" 1}", 1, 6, "a colon"),
    ("\u{FEFF}1", 1, 1, "a value is expected"), ("// x\n1", 1, 1, "a value is expected"),
  ])
  func `what RFC 8259 does not allow is refused with its place`(
    text: String, line: Int, column: Int, reason: String
  ) throws {
    let error = try #require(throws: JSONError.self) { try parse(text) }
    #expect([error.line, error.column] == [line, column], "\(error)")
    #expect(error.reason.contains(reason), "\(error)")
  }

  @Test func `bytes that are not UTF-8 are refused`() {
    for bytes: [UInt8] in [
      [0x22, 0xE4, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
      [0x22, 0x5C, 0x6E, 0xFF, 0x22],
    ] {
      #expect(throws: JSONError.self) { try JSONParser.parse(bytes, limit: 100) }
    }
  }

  @Test func `nesting and size are limited`() throws {
    let deep = String(repeating: "[", count: 32) + String(repeating: "]", count: 32)
    #expect(throws: Never.self) { try parse(deep) }
    let error = try #require(throws: JSONError.self) { try parse("[" + deep + "]") }
    #expect(error.reason.contains("32 levels"))
    #expect(throws: JSONError.self) { try parse(String(repeating: "[", count: 100_000)) }
    #expect(throws: Never.self) { try parse("1234", limit: 4) }
    #expect(throws: JSONError.self) { try parse("12345", limit: 4) }
    #expect(throws: JSONError.self) { try parse(String(repeating: "1", count: 65)) }
  }

  @Test func `a repeated name is found in large objects too`() {
    let members = (0..<200).map { "\"n\($0)\":1" }
    for repeated in [0, 14, 15, 16, 17, 199] {
      let text = "{" + (members + ["\"n\(repeated)\":1"]).joined(separator: ",") + "}"
      #expect(throws: JSONError.self, "\(repeated)") { try parse(text) }
    }
    #expect(throws: Never.self) { try parse("{" + members.joined(separator: ",") + "}") }
  }

  @Test func `the writer's styles differ only in form`() throws {
    let value: JSONValue = [
      "b": .array([.integer(1), "x\u{1}\"\\\n"]), "a": .object([]), "ä": .null,
    ]
    #expect(JSONWriter.text(of: value) == #"{"b":[1,"x\u0001\"\\\n"],"a":{},"ä":null}"#)
    #expect(
      JSONWriter.text(of: value, style: .canonical) == #"{"a":{},"b":[1,"x\u0001\"\\\n"],"ä":null}"#
    )
    #expect(
      JSONWriter.text(of: ["a": .array([.integer(1)]), "b": .array([])], style: .pretty)
        == "{\n  \"a\": [\n    1\n  ],\n  \"b\": []\n}")
  }

  @Test func `writing and parsing is the identity`() throws {
    var random = SeededGenerator(seed: 4711)
    for _ in 0..<500 {
      let value = randomValue(depth: 4, using: &random)
      for style in [JSONWriter.Style.compact, .pretty] {
        let bytes = JSONWriter.bytes(of: value, style: style)
        #expect(try JSONParser.parse(bytes, limit: bytes.count) == value)
      }
      let canonical = JSONWriter.bytes(of: value, style: .canonical)
      let again = try JSONParser.parse(canonical, limit: canonical.count)
      #expect(JSONWriter.bytes(of: again, style: .canonical) == canonical)
    }
  }

  @Test func `damaged texts are refused or read, never a crash`() throws {
    var random = SeededGenerator(seed: 1)
    let sample = JSONWriter.bytes(
      of: ["kind": "organization", "a": .array([.integer(-12), .bool(true), "ä\n€😀"]), "b": .null])
    for _ in 0..<5_000 {
      var bytes = sample
      for _ in 0...Int.random(in: 0...2, using: &random) {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        bytes[index] = UInt8.random(in: 0...255, using: &random)
      }
      bytes.removeLast(Int.random(in: 0...4, using: &random))
      guard let value = try? JSONParser.parse(bytes, limit: 1_000) else { continue }
      let written = JSONWriter.bytes(of: value)
      #expect(try JSONParser.parse(written, limit: 2_000) == value)
    }
  }

  private func randomValue(depth: Int, using random: inout SeededGenerator) -> JSONValue {
    switch Int.random(in: 0...(depth > 0 ? 6 : 4), using: &random) {
    case 0: return .null
    case 1: return .bool(.random(using: &random))
    case 2: return .integer(.random(in: -1_000...1_000, using: &random))
    case 3, 4: return .string(randomText(using: &random))
    case 5:
      return .array(
        (0..<Int.random(in: 0...4, using: &random)).map { _ in
          randomValue(depth: depth - 1, using: &random)
        })
    default:
      return .object(
        (0..<Int.random(in: 0...20, using: &random)).map {
          JSONValue.Member(
            "\($0)" + randomText(using: &random), randomValue(depth: depth - 1, using: &random))
        })
    }
  }
}

/// Text of any scalars, with those that need care more often than others.
func randomText(using random: inout SeededGenerator) -> String {
  let special: [Unicode.Scalar] = [
    "\"", "\\", "\n", "\r", "\t", "\0", ";", ",", "|", "ä", "😀", "\u{FEFF}", " ",
  ]
  var scalars = String.UnicodeScalarView()
  for _ in 0..<Int.random(in: 0...12, using: &random) {
    if Bool.random(using: &random) {
      scalars.append(special[Int.random(in: 0..<special.count, using: &random)])
    } else if let scalar = Unicode.Scalar(UInt32.random(in: 0...0x2FFF, using: &random)) {
      scalars.append(scalar)
    }
  }
  return String(scalars)
}

/// SplitMix64: the same numbers for the same seed everywhere.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
