import Foundation
import KreisCore
import KreisInterchange
import KreisService

/// Parsers of files that people import or write.
enum FileFuzzing {
  static func json(_ input: [UInt8]) throws(BrokenProperty) -> Bool {
    guard let value = try? JSONParser.parse(input, limit: 1 << 20) else { return false }
    for style in [JSONWriter.Style.compact, .pretty] {
      let again = try? JSONParser.parse(JSONWriter.bytes(of: value, style: style), limit: 1 << 24)
      try BrokenProperty.unless(again == value, "JSON that changes when it is written again")
    }
    return true
  }

  static func ndjson(_ input: [UInt8]) throws(BrokenProperty) -> Bool {
    func read(pieces: Int) -> Outcome {
      var rows = NDJSONRows(read: source(input, pieces: pieces))
      return outcome { try rows.next() }
    }
    let whole = read(pieces: max(1, input.count))
    try BrokenProperty.unless(whole == read(pieces: 5), "rows that depend on how they arrive")
    for row in whole.rows {
      var again = NDJSONRows(read: source(row.ndjson(), pieces: 1 << 20))
      let copy = try? again.next()
      try BrokenProperty.unless(
        copy?.ndjson() == row.ndjson(), "a row that changes when it is written again")
    }
    return !whole.rows.isEmpty
  }

  static func csv(_ input: [UInt8]) throws(BrokenProperty) -> Bool {
    func read(pieces: Int) -> Outcome {
      do {
        var rows = try CSVRows(read: source(input, pieces: pieces))
        return outcome { try rows.next() }
      } catch { return Outcome(rows: [], errors: ["\(error)"]) }
    }
    let whole = read(pieces: max(1, input.count))
    try BrokenProperty.unless(whole == read(pieces: 5), "rows that depend on how they arrive")
    return !whole.rows.isEmpty
  }

  static func settings(_ input: [UInt8]) throws(BrokenProperty) -> Bool {
    let path = FileManager.default.temporaryDirectory.path + "/kreisnetz-fuzz-\(getpid()).yaml"
    defer { unlink(path) }
    guard FileManager.default.createFile(atPath: path, contents: Data(input)) else {
      throw BrokenProperty("\(path) cannot be written")
    }
    let town = (try? TownConfiguration(path: path, environment: [:])) != nil
    let hub = (try? HubConfiguration(path: path, environment: [:])) != nil
    return town || hub
  }

  private struct Outcome: Equatable {
    var rows: [DirectoryRow] = []
    var errors: [String] = []
  }

  /// Reads on after a row that is wrong, as an import does.
  private static func outcome(_ next: () throws -> DirectoryRow?) -> Outcome {
    var outcome = Outcome()
    while true {
      do {
        guard let row = try next() else { return outcome }
        outcome.rows.append(row)
      } catch {
        outcome.errors.append("\(error)")
        guard error is RowError, outcome.errors.count < 1_000 else { return outcome }
      }
    }
  }

  private static func source(_ bytes: [UInt8], pieces: Int) -> ChunkSource {
    var rest = bytes[...]
    return {
      guard !rest.isEmpty else { return nil }
      defer { rest = rest.dropFirst(pieces) }
      return Array(rest.prefix(pieces))
    }
  }
}
