// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisLocal
import KreisStore

/// What can be wrong with the files of a replica. Changes nothing, and works beside a daemon.
package struct StateExamination {
  private let path: String
  private let software: String
  private var findings: [Finding] = []

  /// Files that are named, of those with the same fault.
  private static let named = 3

  /// - Parameter software: this program's version.
  package static func findings(of path: String, software: String) -> [Finding] {
    var examination = StateExamination(path: path, software: software)
    examination.run()
    return examination.findings
  }

  private init(path: String, software: String) {
    (self.path, self.software) = (path, software)
  }

  private mutating func add(
    _ level: Finding.Level, _ test: String, _ text: String, _ advice: String = ""
  ) {
    findings.append(Finding(level, test, text, advice))
  }

  private mutating func run() {
    checkDisk()
    let directory: StateDirectory
    do throws(StateDirectoryError) { directory = try StateDirectory.open(path) } catch {
      return add(.fail, "state directory", error.description)
    }
    add(.ok, "state directory", "\(directory.path) holds a replica")
    checkFiles(directory)
    checkSocket(directory)
    checkKey(directory)
    checkDatabase(directory)
    checkVersions(directory)
    for alarm in StateDirectory.alarms(in: directory.path) {
      add(.fail, "alarm", alarm, "See Operations, \"A hub that shows two histories\".")
    }
  }

  private mutating func checkDisk() {
    guard let disk = DiskUse(of: path) else { return }
    let text = "\(disk.free / 1_000_000) MB of \(disk.size / 1_000_000) MB are free"
    let advice = "Free space. A full disk takes no more writes; it goes on by itself afterwards."
    let level = Finding.Level(Threshold.diskFree.state(of: Double(disk.free)))
    add(level, "disk", text, level == .ok ? "" : advice)
  }

  // MARK: - Files

  private mutating func checkFiles(_ directory: StateDirectory) {
    var owner = stat()
    guard stat(directory.path, &owner) == 0 else { return }
    var (open, foreign): ([String], [String]) = ([], [])
    for name in names(in: directory.path) {
      var status = stat()
      guard lstat(directory.path + "/" + name, &status) == 0 else { continue }
      let type = status.st_mode & S_IFMT
      // A link's target may belong to whoever renews certificates; sockets are shared on purpose.
      guard type == S_IFREG || type == S_IFDIR else { continue }
      if status.st_mode & 0o077 != 0 { open.append(name) }
      if status.st_uid != owner.st_uid { foreign.append(name) }
    }
    if !open.isEmpty {
      add(
        .fail, "permissions", "others than the owner may use \(list(open))",
        "Correct it with: chmod -R go= \(directory.path)/\(open[0]). If it is a key, whoever read it "
          + "can sign for this member: tell the hub.")
    }
    if !foreign.isEmpty {
      add(
        .fail, "owner", "\(list(foreign)) belong to another user than the directory",
        "Correct it with: chown -R --reference=\(directory.path) \(directory.path)/*. Run commands as the "
          + "daemon's user when it does not run.")
    }
    if open.isEmpty, foreign.isEmpty {
      add(.ok, "permissions", "all files belong to user \(owner.st_uid) and to nobody else")
    }
    if geteuid() != 0, geteuid() != owner.st_uid {
      add(
        .warn, "user", "this is user \(geteuid()), the files belong to user \(owner.st_uid)",
        "Run commands as the daemon's user: runuser -u USER -- kreisnetz …")
    }
  }

  /// Everything in the state directory and one level below it.
  private func names(in path: String) -> [String] {
    let manager = FileManager.default
    let top = ((try? manager.contentsOfDirectory(atPath: path)) ?? []).sorted()
    return top.flatMap { name in
      let inner = try? manager.contentsOfDirectory(atPath: path + "/" + name)
      return [name] + (inner ?? []).sorted().map { "\(name)/\($0)" }
    }
  }

  private func list(_ names: [String]) -> String {
    let more = names.count - Self.named
    return names.prefix(Self.named).joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
  }

  private mutating func checkSocket(_ directory: StateDirectory) {
    let longest = StateDirectory.socket(in: directory.path)
    if longest.utf8.count > 107 {
      add(
        .fail, "socket", "the path \(longest) is too long for a socket",
        "Use a state directory with a shorter path.")
    }
  }

  private mutating func checkKey(_ directory: StateDirectory) {
    do {
      let identity = try Store.identity(at: directory.database)
      let name = StateDirectory.memberKey(generation: identity.generation)
      if try directory.signingKey(generation: identity.generation) != nil {
        return add(.ok, "key", "\(name) is there")
      }
      if identity.role == .hub, try Store.openReadOnly(at: directory.database).isGathering {
        return add(.ok, "key", "a hub that gathers needs none")
      }
      add(
        .fail, "key", "\(name) is missing, so nothing can be written or sent",
        identity.role == .hub
          ? "Restore it from a backup."
          : "Restore it from a backup, or ask for: kreisnetz hub invite --member \(identity.name)")
    } catch let error as StateDirectoryError {
      add(.fail, "key", error.description, "Until then nothing can be written or sent.")
    } catch {
      // The database says whose key it is; what is wrong with that stands there.
    }
  }

  // MARK: - The database

  private mutating func checkDatabase(_ directory: StateDirectory) {
    do throws(StoreError) {
      let lines = try Store.quickLook(at: directory.database)
      guard let first = lines.first else {
        return add(
          .ok, "database", "SQLite finds it sound (kreisnetz log verify looks at everything)")
      }
      add(
        .fail, "database", "SQLite finds it damaged: \(first)",
        "Repair it with: kreisnetz resync. If that does not do: resync --from-scratch with the daemon "
          + "stopped.")
    } catch {
      add(.fail, "database", error.description, "See Operations, \"Damage on disk\".")
    }
  }

  private mutating func checkVersions(_ directory: StateDirectory) {
    guard let store = try? Store.openReadOnly(at: directory.database) else { return }
    let own = "\(software), protocol \(protocolVersion), fold \(foldVersion)"
    let identity = store.identity
    guard identity.role == .town, let hub = store.membership.hub,
      let stored = try? store.blockingRead({ try $0.statements(for: identity.member) }),
      let latest = stored.filter({ $0.member == hub }).max(by: { $0.at < $1.at }),
      let statement = try? SignedStatement(
        reading: latest.statement, signature: latest.signature
      ).statement
    else { return add(.ok, "version", own) }
    let lowest =
      "at least protocol \(statement.lowestProtocolVersion), fold \(statement.lowestFoldVersion)"
    guard statement.lowestProtocolVersion <= protocolVersion,
      statement.lowestFoldVersion <= foldVersion
    else {
      return add(
        .fail, "version", "\(own); the hub (\(statement.software)) asks for \(lowest)",
        "Install a later version: this one may show something else than the others.")
    }
    add(.ok, "version", "\(own); the hub has \(statement.software)")
  }
}
