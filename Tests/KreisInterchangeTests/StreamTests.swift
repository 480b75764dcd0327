// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
import Testing

/// Gives the bytes in chunks of this size, with an empty chunk now and then.
func chunks(_ bytes: [UInt8], of size: Int = 7) -> ChunkSource {
  var position = 0
  var calls = 0
  return {
    calls += 1
    if calls % 5 == 0 { return [] }
    guard position < bytes.count else { return nil }
    defer { position += size }
    return Array(bytes[position..<min(position + size, bytes.count)])
  }
}

func chunks(_ text: String, of size: Int = 7) -> ChunkSource { chunks(Array(text.utf8), of: size) }

struct NDJSONReaderTests {
  private func lines(_ bytes: [UInt8], chunk: Int) throws -> [String] {
    var reader = NDJSONReader(read: chunks(bytes, of: chunk))
    var result: [String] = []
    while let (line, bytes) = try reader.next() {
      result.append("\(line):" + String(decoding: bytes, as: UTF8.self))
    }
    return result
  }

  @Test(arguments: [1, 2, 3, 7, 1_000])
  func `lines keep their number, whatever the chunks`(size: Int) throws {
    let text = "\u{FEFF}{\"a\":1}\r\n\n  \t\n{\"b\":2}\n\r\n{\"c\":3}"
    #expect(
      try lines(Array(text.utf8), chunk: size) == ["1:{\"a\":1}", "4:{\"b\":2}", "6:{\"c\":3}"])
  }

  @Test func `an empty stream has no lines`() throws {
    #expect(try lines([], chunk: 4) == [])
    #expect(try lines([0x0A, 0x0A], chunk: 4) == [])
  }

  @Test(arguments: [4_096, 3 << 20])
  func `a line that is too long is refused with its number, and ends the stream`(size: Int) throws {
    let long =
      Array("1\n2\n".utf8) + Array(repeating: UInt8(ascii: "x"), count: (1 << 20) + 1)
      + Array("\n4\n".utf8)
    var reader = NDJSONReader(read: chunks(long, of: size))
    #expect(try reader.next()?.line == 1)
    #expect(try reader.next()?.line == 2)
    let error = try #require(throws: LineError.self) { try reader.next() }
    #expect(error.line == 3)
    #expect(try reader.next() == nil)
    #expect(try lines(Array(repeating: UInt8(ascii: "x"), count: 1 << 20), chunk: size).count == 1)
  }

  @Test func `an endless line is given up before it fills memory`() throws {
    var given = 0
    var reader = NDJSONReader(read: {
      given += 1
      return Array(repeating: 0x61, count: 65_536)
    })
    #expect(throws: LineError.self) { try reader.next() }
    #expect(given <= 17)
  }
}

struct CSVReaderTests {
  private func table(_ bytes: [UInt8], chunk: Int = 7) throws -> [[String]] {
    var reader = try CSVReader(read: chunks(bytes, of: chunk))
    var rows = [reader.header]
    while let (_, cells) = try reader.next() { rows.append(cells) }
    return rows
  }

  private func table(_ text: String, chunk: Int = 7) throws -> [[String]] {
    try table(Array(text.utf8), chunk: chunk)
  }

  @Test(arguments: [";", ",", "\t"])
  func `the delimiter is taken from the header`(delimiter: String) throws {
    let rows = try table("name\(delimiter)city\r\nKita\(delimiter)Halver\r\n")
    #expect(rows == [["name", "city"], ["Kita", "Halver"]])
  }

  @Test func `quoted names do not count for the delimiter`() throws {
    #expect(try table("\"a,b,c\";d\n1;2\n") == [["a,b,c", "d"], ["1", "2"]])
  }

  @Test func `Excel's line of the separator is heeded`() throws {
    var reader = try CSVReader(read: chunks("sep=,\r\na;b,c\r\n1,2\r\n"))
    #expect(reader.header == ["a;b", "c"])
    #expect(try reader.next()?.line == 3)
  }

  @Test(arguments: [1, 2, 5, 4_096])
  func `quotes, line ends in fields and leading blanks are kept`(chunk: Int) throws {
    let rows = try table(
      "\u{FEFF}name;text\r\n  Kita;\"eins\r\nzwei; \"\"drei\"\"\"\r\nSchule \"Am Wald\";\"\"\n\nC;\"x\"\r\"D\";y",
      chunk: chunk)
    #expect(
      rows == [
        ["name", "text"], ["  Kita", "eins\r\nzwei; \"drei\""], ["Schule \"Am Wald\"", ""],
        ["C", "x"],
        ["D", "y"],
      ])
  }

  @Test(arguments: [1, 3, 4_096])
  func `records carry the physical line on which they start`(chunk: Int) throws {
    var reader = try CSVReader(
      read: chunks("a;b\r\n1;\"x\r\ny\r\rz\nw\"\r\n;\r\n\r\n2;3\r\n", of: chunk))
    #expect(reader.headerLine == 1)
    #expect(try reader.next()?.line == 2)
    #expect(try reader.next()?.line == 9)
    #expect(try reader.next() == nil)
  }

  @Test(arguments: [1, 3, 4_096])
  func `Windows-1252 is recognised and read`(chunk: Int) throws {
    let bytes =
      Array("name;ort\r\nKita L".utf8) + [0xF6] + Array("wenzahn ".utf8) + [
        0x84, 0x41, 0x93, 0x20, 0x80,
      ]
      + Array(";Balve\r\n".utf8)
    var reader = try CSVReader(read: chunks(bytes, of: chunk))
    #expect(reader.encoding == .windows1252)
    #expect(try reader.next()?.cells == ["Kita Löwenzahn „A“ €", "Balve"])
  }

  @Test func `UTF-8 is recognised, even cut in the middle of a character`() throws {
    for padding in 65_530...65_540 {
      let text = "name\n" + String(repeating: "a", count: padding - 5) + "äö€😀\n"
      #expect(try CSVReader(read: chunks(text, of: 65_536)).encoding == .utf8)
    }
    #expect(try CSVReader(read: chunks("name\nKöln")).encoding == .utf8)
  }

  @Test func `a byte that does not fit the encoding is an error with its line`() throws {
    let late =
      Array("name\n".utf8) + Array(repeating: Array("Halver\n".utf8), count: 10_000).joined()
      + [0xE4, 0x0A]
    var reader = try CSVReader(read: chunks(late, of: 65_536))
    let error = try #require(throws: LineError.self) { while try reader.next() != nil {} }
    #expect(error.line == 10_002)
    #expect(throws: LineError.self) { try self.table(Array("name\n".utf8) + [0xE4, 0x81, 0x0A]) }
    var forced = try CSVReader(encoding: .windows1252, read: chunks(late, of: 65_536))
    var last = ""
    while let (_, cells) = try forced.next() { last = cells[0] }
    #expect(last == "ä")
  }

  @Test func `UTF-16 is refused with advice`() throws {
    let error = try #require(throws: LineError.self) { try table([0xFF, 0xFE, 0x61, 0x00]) }
    #expect(error.description.contains("CSV UTF-8"))
  }

  @Test func `too few or too many columns name the line, and the next row is read`() throws {
    var reader = try CSVReader(read: chunks("a;b\n1\n2;3;4\n5;6\n"))
    let few = try #require(throws: LineError.self) { try reader.next() }
    #expect(few.description.hasPrefix("line 2: 1 columns, but the header has 2"))
    let many = try #require(throws: LineError.self) { try reader.next() }
    #expect(many.line == 3)
    #expect(try reader.next()?.cells == ["5", "6"])
  }

  @Test func `a quote that is never closed names where it was opened`() throws {
    var reader = try CSVReader(read: chunks("a;b\n1;2\n3;\"x\ny\n"))
    _ = try reader.next()
    let error = try #require(throws: LineError.self) { try reader.next() }
    #expect(error.description == "line 3: a quote opened in line 3 is never closed")
    #expect(try reader.next() == nil)
  }

  @Test func `text after a closing quote is an error`() throws {
    let error = try #require(throws: LineError.self) { try table("a;b\n\"x\"y;2\n") }
    #expect(error.line == 2)
  }

  @Test func `fields, records and columns are limited`() throws {
    let cell = String(repeating: "x", count: 65_536)
    #expect(try table("a\n\(cell)\n", chunk: 100_000).count == 2)
    #expect(throws: LineError.self) { try table("a\n\(cell)x\n", chunk: 100_000) }
    #expect(throws: LineError.self) { try table("a\n\"\(cell)x\"\n", chunk: 100_000) }
    let names = (0..<17).map { "c\($0)" }.joined(separator: ";")
    let wide = Array(repeating: cell, count: 17).joined(separator: ";")
    #expect(throws: LineError.self) { try table("\(names)\n\(wide)\n", chunk: 100_000) }
    let many = (0..<513).map { "c\($0)" }.joined(separator: ";")
    #expect(throws: LineError.self) { try table(many, chunk: 100_000) }
  }

  @Test(arguments: ["", "\n\n", "a;;b\n", "a;b;a\n", " ;x\n"])
  func `a header that is empty, unnamed or ambiguous is refused`(text: String) {
    #expect(throws: LineError.self) { try table(text) }
  }

  @Test func `what is quoted reads back equal`() throws {
    var random = SeededGenerator(seed: 99)
    for round in 0..<200 {
      let width = Int.random(in: 1...5, using: &random)
      let header = (0..<width).map { "c\($0)" }
      let rows = (0..<6).map { _ in
        (0..<width).map { _ in "x" + randomText(using: &random) }
      }
      let lines = ([header] + rows).map { $0.map(quoted).joined(separator: ";") }
      let text = lines.joined(separator: round.isMultiple(of: 2) ? "\r\n" : "\n")
      let read = try table(text, chunk: Int.random(in: 1...20, using: &random))
      #expect(
        read.map { $0.map { Array($0.utf8) } }
          == ([header] + rows).map { $0.map { Array($0.utf8) } })
    }
  }

  /// The field in quotes, its own quotes doubled (scalars, since a quote may carry an accent).
  private func quoted(_ field: String) -> String {
    var scalars = String.UnicodeScalarView(["\""])
    for scalar in field.unicodeScalars {
      scalars.append(contentsOf: scalar == "\"" ? [scalar, scalar] : [scalar])
    }
    scalars.append("\"")
    return String(scalars)
  }
}
