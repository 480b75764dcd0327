// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import KreisCore
import KreisStore
import Testing

@Suite struct StateDirectoryTests {
  private let path =
    FileManager.default.temporaryDirectory.path + "/kreisnetz-state-\(UUID().uuidString)"

  private func withPath(_ body: () throws -> Void) throws {
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body()
  }

  @Test func `A key is written once, read again, and for its owner alone`() throws {
    try withPath {
      let directory = try StateDirectory.prepare(path)
      #expect(try directory.signingKey(generation: 1) == nil)
      let key = SigningKey()
      try directory.write(key, generation: 1)
      let read = try directory.signingKey(generation: 1)
      #expect(read?.rawRepresentation == key.rawRepresentation)
      let file = path + "/keys/member-1.key"
      chmod(file, 0o640)
      #expect(throws: StateDirectoryError.exposedSecret(path: file, mode: 0o640)) {
        try directory.signingKey(generation: 1)
      }
      chmod(file, 0o600)
      try Data("zz".utf8).write(to: URL(filePath: file))
      chmod(file, 0o600)
      #expect(throws: StateDirectoryError.self) { try directory.signingKey(generation: 1) }
    }
  }

  @Test func `Only one holds the lock, and the other is told who`() throws {
    try withPath {
      let directory = try StateDirectory.prepare(path)
      var lock: StateLock? = try directory.lock()
      #expect(throws: StateDirectoryError.inUse(path: path, process: "\(getpid())")) {
        try directory.lock()
      }
      withExtendedLifetime(lock) {}
      lock = nil
      _ = try directory.lock()
    }
  }

  @Test func `What is no state directory is told from a missing one`() throws {
    try withPath {
      #expect(throws: StateDirectoryError.missing(path: path)) { try StateDirectory.open(path) }
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      chmod(path, 0o755)
      #expect(throws: StateDirectoryError.notAReplica(path: path)) {
        try StateDirectory.open(path + "/")
      }
      chmod(path, 0o777)
      #expect(throws: StateDirectoryError.open(path: path, mode: 0o777)) {
        try StateDirectory.open(path)
      }
      let file = path + "/file"
      try Data().write(to: URL(filePath: file))
      #expect(throws: StateDirectoryError.notADirectory(path: file)) {
        try StateDirectory.open(file)
      }
    }
  }

  @Test func `A set-up that was cut off leaves no replica and can be repeated`() throws {
    try withPath {
      let directory = try StateDirectory.prepare(path)
      let key = SigningKey()
      let realm = try #require(RealmID(VerifyingKey(of: key).bytes))
      let identity = Identity(
        role: .town, realm: realm, member: try #require(MemberID(7)), generation: 1,
        name: "a-stadt", title: "A-Stadt", ags: "05999004", kreis: "Musterkreis",
        hubURL: "https://127.0.0.1:1", hubPin: nil)
      #expect(throws: StoreError.self) {
        try directory.install { path throws(StoreError) in
          _ = try Store.create(at: path, identity: identity, key: key, random: { 1 })
          throw .retryLater("cut off")
        }
      }
      #expect(!directory.isReplica)
      try directory.install { path throws(StoreError) in
        try Store.create(at: path, identity: identity, key: key, random: { 1 })
      }
      #expect(directory.isReplica)
      #expect(try Store.open(at: directory.database, key: key, random: { 1 }).identity == identity)
      #expect(throws: StateDirectoryError.occupied(path: path)) {
        try StateDirectory.prepare(path)
      }
    }
  }

  @Test func `Databases that are replaced within one second are all kept`() throws {
    try withPath {
      let directory = try StateDirectory.prepare(path)
      for content in ["eins", "zwei", "drei"] {
        let draft = path + "/draft.sqlite"
        try Data(content.utf8).write(to: URL(filePath: draft))
        _ = try directory.replaceDatabase(with: draft, at: 1_800_000_000)
      }
      let kept = try directory.setAside.map { try String(contentsOfFile: $0.path, encoding: .utf8) }
      #expect(kept == ["eins", "zwei"])
      #expect(try String(contentsOfFile: directory.database, encoding: .utf8) == "drei")
    }
  }
}
