// SPDX-License-Identifier: EUPL-1.2

import CCrashDisk
import GRDB
import Testing

/// What the disk of the crash tests does, seen through plain SQLite.
@Suite struct `A disk that loses power` {
  private func pool(_ disk: CrashDisk, synchronous: String) throws -> DatabasePool {
    var configuration = Configuration()
    configuration.maximumReaderCount = 2
    let pool = try DatabasePool(path: disk.path("a.sqlite"), configuration: configuration)
    try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = \(synchronous)") }
    return pool
  }

  /// Numbers whose insertion was acknowledged before the power went.
  private func insert(_ disk: CrashDisk, synchronous: String, upTo count: Int) throws -> Set<Int> {
    var acknowledged: Set<Int> = []
    do {
      let pool = try pool(disk, synchronous: synchronous)
      try pool.write { try $0.execute(sql: "CREATE TABLE IF NOT EXISTS n (n INTEGER, t TEXT)") }
      for number in 1...count {
        try pool.write {
          try $0.execute(
            sql: "INSERT INTO n VALUES (?, ?)",
            arguments: [number, String(repeating: "x", count: 700)])
        }
        acknowledged.insert(number)
        if number.isMultiple(of: 10) {
          try pool.writeWithoutTransaction { _ = try $0.checkpoint() }
        }
      }
    } catch is DatabaseError {}
    return acknowledged
  }

  private func numbers(_ disk: CrashDisk) throws -> Set<Int> {
    try pool(disk, synchronous: "FULL").read { db in
      guard try db.tableExists("n") else { return [] }
      #expect(try String.fetchOne(db, sql: "PRAGMA integrity_check") == "ok")
      return Set(try Int.fetchAll(db, sql: "SELECT n FROM n"))
    }
  }

  /// Cuts the power after each operation and says how often acknowledged commits were gone.
  private func losses(synchronous: String) throws -> (cuts: Int, losses: Int) {
    let whole = CrashDisk()
    _ = try insert(whole, synchronous: synchronous, upTo: 25)
    var (cuts, losses) = (0, 0)
    for cut in 0..<whole.operations {
      for remains in CrashDisk.Remains.allCases {
        let disk = CrashDisk()
        disk.cutPower(after: cut)
        let acknowledged = try insert(disk, synchronous: synchronous, upTo: 25)
        #expect(!disk.hasPower)
        disk.restore(remains, seed: cut)
        cuts += 1
        if try !numbers(disk).isSuperset(of: acknowledged) { losses += 1 }
      }
    }
    return (cuts, losses)
  }

  @Test func `keeps every commit with synchronous=FULL`() throws {
    let (cuts, losses) = try losses(synchronous: "FULL")
    #expect(cuts > 200)
    #expect(losses == 0, "of \(cuts)")
  }

  @Test func `shows that synchronous=NORMAL loses commits`() throws {
    let (cuts, losses) = try losses(synchronous: "NORMAL")
    #expect(losses > cuts / 10, "only \(losses) of \(cuts)")
  }

  @Test func `shows several connections the same, and lets one write at a time`() throws {
    let disk = CrashDisk()
    _ = try insert(disk, synchronous: "FULL", upTo: 3)
    let pool = try pool(disk, synchronous: "FULL")
    var configuration = Configuration()
    configuration.busyMode = .immediateError
    let other = try DatabaseQueue(path: disk.path("a.sqlite"), configuration: configuration)
    try pool.writeWithoutTransaction { db in
      try db.execute(sql: "BEGIN IMMEDIATE; INSERT INTO n VALUES (4, '')")
      #expect(try other.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM n") } == 3)
      #expect(throws: DatabaseError.self) {
        try other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
      }
      try db.execute(sql: "COMMIT")
    }
    #expect(try other.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM n") } == 4)
    #expect(try pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM n") } == 4)
  }

  @Test func `keeps what was written when only the process is killed`() throws {
    let disk = CrashDisk()
    let before = try pool(disk, synchronous: "OFF")
    try before.write { try $0.execute(sql: "CREATE TABLE n (n INTEGER); INSERT INTO n VALUES (7)") }
    disk.kill()
    #expect(throws: DatabaseError.self) {
      try before.write { try $0.execute(sql: "INSERT INTO n VALUES (8)") }
    }
    let copy = CrashDisk(copying: disk)
    #expect(try numbers(copy) == [7])
    disk.restore(.synced)
    #expect(try numbers(disk).isEmpty)
  }

  @Test func `is full, fails to write and fails to sync when told`() throws {
    let disk = CrashDisk()
    let pool = try pool(disk, synchronous: "FULL")
    try pool.write { try $0.execute(sql: "CREATE TABLE n (n INTEGER, t TEXT)") }
    func outcome() -> ResultCode? {
      do {
        try pool.write { try $0.execute(sql: "INSERT INTO n VALUES (1, zeroblob(9000))") }
        return nil
      } catch { return (error as? DatabaseError)?.extendedResultCode }
    }
    disk.setCapacity(disk.size + 4_200)
    #expect(outcome() == .SQLITE_FULL)
    disk.setCapacity(0)
    #expect(outcome() == nil)
    disk.fail(CRASH_DISK_WRITE)
    #expect(outcome() == .SQLITE_IOERR_WRITE)
    #expect(outcome() == nil)
    disk.fail(CRASH_DISK_SYNC)
    #expect(outcome() == .SQLITE_IOERR_FSYNC)
    disk.restore(.synced)
    #expect(try numbers(disk).count == 1)
  }

  @Test func `gives a file out and takes one in`() throws {
    let disk = CrashDisk()
    _ = try insert(disk, synchronous: "FULL", upTo: 5)
    let bytes = try #require(disk.contents(of: "a.sqlite"))
    #expect(bytes.starts(with: Array("SQLite format 3".utf8)))
    disk.remove("a.sqlite")
    #expect(disk.contents(of: "a.sqlite") == nil)
    disk.put(bytes, as: "a.sqlite")
    disk.restore(.synced)
    #expect(disk.contents(of: "a.sqlite") == bytes)
  }

  @Test func `does the same twice`() throws {
    func run() throws -> [UInt8]? {
      let disk = CrashDisk("twice")
      disk.cutPower(after: 60)
      _ = try insert(disk, synchronous: "FULL", upTo: 25)
      disk.restore(.tornAndRubbish, seed: 3)
      return disk.contents(of: "a.sqlite-wal")
    }
    let first = try run()
    #expect(first != nil)
    #expect(try run() == first)
  }
}
