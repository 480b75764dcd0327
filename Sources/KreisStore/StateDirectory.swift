// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
package import KreisCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The directory that holds everything of one replica:
///
///     kreisnetz.sqlite      the database, with its -wal and -shm
///     keys/member-1.key     the member's Ed25519 key of generation 1, 64 hexadecimal digits
///     keys/next.key         while a town that lost its key asks for the next one
///     keys/root.key         hub only: the realm's key, encrypted under the recovery phrase
///     tls/cert.pem key.pem  hub only: its own certificate, or links to the one it was given
///     tls/named.pb          by which TLS keys the hub is reached, as it stated last
///     evidence/             signed statements that contradict each other, until somebody removes them
///     lock                  held by whoever writes
///     audit.log             who did what as an administrator, one line each
///     digest.json           when the digest was last sent
///     console/              accounts and sessions of the console in the browser
///     kreisnetz.sock        where a running daemon listens
///     monitor.sock          the same for those who may only watch it
///
/// Directories are 0700 and files 0600; only the sockets may be shared with a group each, for whose
/// sake the directory itself becomes 0710, or 0711 for two groups.
package struct StateDirectory: Sendable {
  /// Absolute.
  package let path: String

  private init(_ path: String) {
    self.path =
      URL(filePath: path).standardizedFileURL.path(percentEncoded: false)
      .droppingTrailingSlash
  }

  package var database: String { path + "/kreisnetz.sqlite" }
  package var socket: String { Self.socket(in: path) }
  /// Where a daemon listens whose state directory this user may not read, but whose group may ask.
  package static func socket(in path: String) -> String { path + "/kreisnetz.sock" }
  /// Where a daemon answers those who may only watch it.
  package static func monitorSocket(in path: String) -> String { path + "/monitor.sock" }
  package static let certificate = "tls/cert.pem"
  package static let certificateKey = "tls/key.pem"
  /// By which TLS keys the hub is reached, as it stated last.
  package static let namedKeys = "tls/named.pb"
  package static let rootKey = "keys/root.key"
  /// The key that a member which lost its own asks to have from now on, until the hub says of which
  /// generation it is.
  package static let nextKey = "keys/next.key"
  package static func memberKey(generation: UInt32) -> String { "keys/member-\(generation).key" }

  package static let evidence = "evidence"

  /// Names of the files in `evidence`.
  package static func evidence(in path: String) -> [String] {
    let files = try? FileManager.default.contentsOfDirectory(atPath: path + "/" + evidence)
    return (files ?? []).filter { $0.hasSuffix(".json") }.sorted()
  }

  /// Whether the database is there, that is, the replica was set up to the end.
  package var isReplica: Bool { FileManager.default.fileExists(atPath: database) }

  /// Opens the directory of a replica.
  ///
  /// - Throws: `StateDirectoryError`.
  package static func open(_ path: String) throws(StateDirectoryError) -> StateDirectory {
    let directory = StateDirectory(path)
    try directory.check()
    guard access(directory.path, R_OK | X_OK) == 0 else {
      throw .failed(action: "read", path: directory.path, errno: errno)
    }
    guard directory.isReplica else { throw .notAReplica(path: directory.path) }
    return directory
  }

  /// Makes the directory, with `keys`, for a new replica; takes one that an earlier attempt left.
  ///
  /// - Throws: `StateDirectoryError.occupied` if there is a replica already.
  package static func prepare(_ path: String) throws(StateDirectoryError) -> StateDirectory {
    let directory = StateDirectory(path)
    try DurableFile.makeDirectory(directory.path)
    try directory.check()
    guard !directory.isReplica else { throw .occupied(path: directory.path) }
    try DurableFile.makeDirectory(directory.path + "/keys")
    return directory
  }

  private func check() throws(StateDirectoryError) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      if errno == ENOENT { throw .missing(path: path) }
      throw .failed(action: "read", path: path, errno: errno)
    }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw .notADirectory(path: path) }
    guard status.st_mode & 0o022 == 0 else {
      throw .open(path: path, mode: status.st_mode & 0o777)
    }
  }

  /// Lets `group` pass through to its socket, and to nothing else: all other files are 0600.
  ///
  /// - Parameter other: a group that passes already. A directory has one group, so where they differ
  ///   everybody may pass, and the sockets' own modes keep the others out.
  /// - Throws: `StateDirectoryError`.
  package func admit(group: String, besides other: String? = nil) throws(StateDirectoryError) {
    guard let id = getgrnam(group)?.pointee.gr_gid else { throw .unknownGroup(group) }
    if let other, getgrnam(other)?.pointee.gr_gid != id {
      guard chmod(path, 0o711) == 0 else {
        throw .failed(action: "shared with the sockets' groups", path: path, errno: errno)
      }
      return
    }
    var status = stat()
    // A hardened service may not change owners, and need not where the group is its own.
    guard stat(path, &status) == 0,
      status.st_gid == id || chown(path, uid_t.max, id) == 0,
      chmod(path, 0o710) == 0
    else {
      throw .failed(action: "shared with the socket's group", path: path, errno: errno)
    }
  }

  // MARK: - Set-up

  /// Makes the database under another name and moves it to its own when it is complete, so that a
  /// state directory either is a replica or is not, whenever the process was killed.
  ///
  /// - Parameter make: makes the database at the path given, which nobody else may keep open.
  /// - Throws: `StoreError`, `StateDirectoryError`.
  package func install(_ make: (String) throws(StoreError) -> Store) throws {
    let draft = path + "/setup.sqlite"
    for suffix in ["", "-wal", "-shm", "-journal"] { unlink(draft + suffix) }
    // All of it in the one file that is moved, or an error: on a full disk the rest stays in the log.
    try make(draft).close()
    try DurableFile.move(draft, to: database)
  }

  // MARK: - Files

  /// Writes a file that is there whole or not at all, also after a power cut (I1). Makes its
  /// directory if that is missing.
  ///
  /// - Parameter name: relative to the state directory.
  /// - Throws: `StateDirectoryError`.
  package func write(_ bytes: [UInt8], to name: String) throws(StateDirectoryError) {
    let file = path + "/" + name
    if let slash = file.lastIndex(of: "/") { try DurableFile.makeDirectory(String(file[..<slash])) }
    try DurableFile.write(bytes, to: file)
  }

  /// Makes `name` a link to a file elsewhere, in place of what an earlier attempt left.
  ///
  /// - Throws: `StateDirectoryError`.
  package func link(_ name: String, to target: String) throws(StateDirectoryError) {
    let file = path + "/" + name
    if let slash = file.lastIndex(of: "/") { try DurableFile.makeDirectory(String(file[..<slash])) }
    unlink(file)
    guard symlink(target, file) == 0 else {
      throw .failed(action: "made", path: file, errno: errno)
    }
  }

  /// Reads a secret file; `nil` if there is none.
  ///
  /// - Throws: `StateDirectoryError.exposedSecret` if others than its owner could.
  package func readSecret(_ name: String) throws(StateDirectoryError) -> [UInt8]? {
    try DurableFile.readSecret(path + "/" + name)
  }

  /// Reads the member's key of `generation`; `nil` if there is none.
  ///
  /// - Throws: `StateDirectoryError`.
  package func signingKey(generation: UInt32) throws(StateDirectoryError) -> SigningKey? {
    try signingKey(named: Self.memberKey(generation: generation))
  }

  /// Reads a key; `nil` if there is none.
  ///
  /// - Throws: `StateDirectoryError`.
  package func signingKey(named name: String) throws(StateDirectoryError) -> SigningKey? {
    guard let bytes = try readSecret(name) else { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    guard let raw = Hex.decode(text), let key = try? SigningKey(rawRepresentation: raw) else {
      throw .damaged(path: path + "/" + name, reason: "it is not a key of 64 hexadecimal digits")
    }
    return key
  }

  /// Writes the member's key of `generation`.
  ///
  /// - Throws: `StateDirectoryError`.
  package func write(
    _ key: SigningKey, generation: UInt32
  ) throws(StateDirectoryError) {
    try write(key, named: Self.memberKey(generation: generation))
  }

  /// Writes a key.
  ///
  /// - Throws: `StateDirectoryError`.
  package func write(_ key: SigningKey, named name: String) throws(StateDirectoryError) {
    try write(Array((Hex.encode(key.rawRepresentation) + "\n").utf8), to: name)
  }

  /// Removes a file, if it is there.
  package func remove(_ name: String) { unlink(path + "/" + name) }

  /// Takes the exclusive right to write, held until the lock is released or the process ends,
  /// however it ends.
  ///
  /// - Throws: `StateDirectoryError.inUse` at once if another process has it.
  package func lock() throws(StateDirectoryError) -> StateLock {
    let lock = try StateLock(of: self)
    try finishReplacement()
    return lock
  }
}

extension String {
  fileprivate var droppingTrailingSlash: String {
    count > 1 && hasSuffix("/") ? String(dropLast()) : self
  }
}
