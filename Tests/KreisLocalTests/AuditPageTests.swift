// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import KreisLocal
import Testing

/// The acts of the audit log page by page, where it is not read as a whole for each.
@Suite struct AuditPageTests {
  private struct Desk {
    let replicas: Replicas
    let log: AuditLog
    private let executor: CommandExecutor

    init() async throws {
      replicas = try await Replicas()
      log = AuditLog(in: replicas.root.path)
      executor = replicas.executor(of: replicas.hub)
    }

    /// What the same process answers that answered before.
    func page(_ offset: Int, _ limit: Int) throws -> [JSONValue] {
      var answer = Answer()
      let arguments: JSONValue = ["offset": .integer(offset), "limit": .integer(limit)]
      executor.run(LocalCall(LocalRequest("audit", arguments), reply: { answer.take($0) }))
      if let failure = answer.failure { throw failure }
      return answer.rows
    }

    func brokenLine(_ offset: Int = 0) throws -> JSONValue? {
      try page(offset, 10).first?["broken_line"]
    }

    func act(_ name: String = "policy") throws -> Int {
      try #require(try log.begin(name, by: .own, at: 1_800_000_000))
    }

    /// Acts of which every third has no end, and every fifth one later than another's.
    func fill(_ count: Int) throws {
      var late: [Int] = []
      for number in 1...count {
        let begun = try act("act \(number)")
        switch number {
        case let number where number.isMultiple(of: 3): break
        case let number where number.isMultiple(of: 5): late.append(begun)
        default: try log.end(begun, number.isMultiple(of: 2) ? .no : .done, at: 1_800_000_001)
        }
      }
      for number in late { try log.end(number, .done, at: 1_800_000_002) }
    }

    /// What a look at all says, the newest first.
    func all() throws -> [JSONValue] {
      var acts: [JSONValue] = []
      var ends: [UInt64: JSONValue] = [:]
      _ = try log.read { line in
        if let number = line["ends"]?.unsigned { ends[number] = line } else { acts.append(line) }
      }
      return acts.reversed().compactMap { act in
        guard case .object(let members) = act, let number = act["number"]?.unsigned else {
          return nil
        }
        return .object(members + [.init("end", ends[number] ?? .null)])
      }
    }

    func expectPages(_ what: Comment, at location: SourceLocation = #_sourceLocation) throws {
      let (all, report) = (try all(), try log.read())
      for offset in [0, 7, 50, max(0, all.count - 1), all.count + 5] {
        let rows = try page(offset, 10)
        let head = rows.first
        #expect(
          Array(rows.dropFirst()) == Array(all.dropFirst(offset).prefix(10)), what,
          sourceLocation: location)
        #expect(head?["total"] == .integer(all.count), what, sourceLocation: location)
        #expect(head?["lines"] == .integer(report.lines), what, sourceLocation: location)
        #expect(head?["last"] == .string(report.last), what, sourceLocation: location)
        #expect(
          head?["torn"] == .array(report.torn.map { .integer($0) }), what, sourceLocation: location)
        #expect(
          head?["broken_line"] == report.broken.map { .integer($0.line) } ?? .null, what,
          sourceLocation: location)
      }
    }

    var file: URL { URL(filePath: log.path) }

    /// Changes bytes in the file without its growing, so that the time of the change shows.
    func change(_ text: String, to other: String) throws {
      let data = try Data(contentsOf: file)
      let range = try #require(data.firstRange(of: Data(text.utf8)))
      #expect(text.utf8.count == other.utf8.count)
      let before = changed
      repeat {
        let handle = try FileHandle(forUpdating: file)
        try handle.seek(toOffset: UInt64(range.lowerBound))
        try handle.write(contentsOf: Data(other.utf8))
        try handle.close()
      } while changed == before
    }

    private var changed: [Int] {
      var status = stat()
      stat(log.path, &status)
      return [status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
    }
  }

  @Test func `A page is what a look at all says, however the log grew meanwhile`() async throws {
    let desk = try await Desk()
    #expect(try desk.page(0, 10).first?["total"] == .integer(0))
    let open = try desk.act("open")
    try desk.expectPages("one")
    try desk.fill(60)
    try desk.expectPages("filled")
    try desk.log.end(open, .done, at: 1_800_000_003)
    try desk.expectPages("an old act ended")
    // Of the last line only a part is there, then all but its end; then the log goes on.
    let whole = try Data(contentsOf: desk.file)
    _ = try desk.act("torn")
    let more = try Data(contentsOf: desk.file)
    for size in [whole.count + 9, more.count - 1] {
      try more.prefix(size).write(to: desk.file)
      try desk.expectPages("open at \(size)")
      _ = try desk.act("after \(size)")
      try desk.expectPages("after \(size)")
    }
    try Data().write(to: desk.file)
    try desk.expectPages("emptied")
    try FileManager.default.removeItem(at: desk.file)
    #expect(try desk.page(0, 10).count == 1)
    try desk.fill(60)
    try desk.expectPages("anew")
    try FileManager.default.removeItem(at: desk.file)
    try FileManager.default.createDirectory(at: desk.file, withIntermediateDirectories: false)
    let failure = #expect(throws: CommandError.self) { try desk.page(0, 10) }
    #expect(failure?.outcome == .notNow && failure?.text.contains("cannot be read") == true)
  }

  @Test
  func `What somebody changed is told at once where it is shown, and within the hour elsewhere`()
    async throws
  {
    let desk = try await Desk()
    try desk.fill(60)
    #expect(try desk.brokenLine() == .null)
    // Nothing was added: the file can only have been changed.
    try desk.change("\"act 2\"", to: "\"act X\"")
    #expect(try desk.brokenLine() == .integer(4))
    try desk.expectPages("changed")
    try desk.change("\"act X\"", to: "\"act 2\"")
    #expect(try desk.brokenLine() == .null)

    // Whoever looks at the newest acts reads the new lines only, in which it does not show.
    try desk.change("\"act 2\"", to: "\"act X\"")
    _ = try desk.act()
    #expect(try desk.brokenLine() == .null)
    #expect(try desk.brokenLine(55) == .integer(4))
    #expect(try desk.brokenLine() == .integer(4))
    try desk.change("\"act X\"", to: "\"act 2\"")
    #expect(try desk.brokenLine() == .null)

    try desk.change("\"act 2\"", to: "\"act X\"")
    _ = try desk.act()
    #expect(try desk.brokenLine() == .null)
    desk.replicas.sleep(days: 1)
    #expect(try desk.brokenLine() == .integer(4))
    try desk.expectPages("after a day")
  }

  @Test func `What was cut off, put in or written anew is told whatever was read before`()
    async throws
  {
    let desk = try await Desk()
    try desk.fill(60)
    let whole = try Data(contentsOf: desk.file)
    let lines = whole.split(separator: 0x0A)
    func write(_ lines: [Data.SubSequence]) throws {
      try Data((lines.map { $0 + [0x0A] }).joined()).write(to: desk.file)
    }
    try desk.expectPages("whole")
    try write(Array(lines.dropLast(20)))
    try desk.expectPages("cut off")
    try whole.write(to: desk.file)
    try desk.expectPages("whole again")
    try write(lines + lines.suffix(1))
    #expect(try desk.brokenLine() == .integer(lines.count + 1))
    try write(Array(lines[..<30] + lines[29...] + lines.suffix(2)))
    #expect(try desk.brokenLine() == .integer(31))
    try desk.expectPages("put in")
    try whole.write(to: desk.file, options: .atomic)
    try desk.expectPages("replaced")
  }
}
