// SPDX-License-Identifier: EUPL-1.2

import Foundation
import Logging
import Yams

/// A setting that cannot be used, and where it stands.
package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
  /// "FILE, line N", or the environment variable.
  package let origin: String
  package let reason: String

  package init(origin: String, reason: String) {
    self.origin = origin
    self.reason = reason
  }

  package var description: String { "\(origin): \(reason)" }
}

/// The settings of a YAML file, as text that knows its line, with those of the environment over them.
///
/// The file is one mapping of names to plain values. A setting `some_name` is overridden by
/// `KREISNETZ_SOME_NAME`.
struct Settings {
  struct Value {
    let text: String
    let origin: String
    /// What a relative path starts from.
    let directory: String?
  }

  private(set) var values: [String: Value] = [:]
  private let credentials: String?

  /// - Parameters:
  ///   - path: `nil`: the defaults, and the environment.
  ///   - known: the names of all settings.
  /// - Throws: `ConfigurationError`.
  init(
    path: String?, known: [String], environment: [String: String]
  ) throws(ConfigurationError) {
    credentials = environment["CREDENTIALS_DIRECTORY"]
    if let path { try read(path, known) }
    for name in known {
      let variable = "KREISNETZ_" + name.uppercased()
      guard let text = environment[variable] else { continue }
      values[name] = Value(text: text, origin: variable, directory: nil)
    }
  }

  /// Bytes of a settings file.
  private static let limit = 65_536

  private mutating func read(_ path: String, _ known: [String]) throws(ConfigurationError) {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw ConfigurationError(origin: path, reason: "the file cannot be read")
    }
    guard data.count <= Self.limit, let text = String(validating: data, as: UTF8.self) else {
      throw ConfigurationError(
        origin: path, reason: "the file is not UTF-8 text of at most \(Self.limit) bytes")
    }
    let root: Node?
    do { root = try Yams.compose(yaml: text) } catch let error as YamlError {
      throw Self.error(error, path)
    } catch { throw ConfigurationError(origin: path, reason: "\(error)") }
    // A file whose lines are all comments.
    guard let root, root.null == nil else { return }
    guard case .mapping(let mapping) = root else {
      throw ConfigurationError(
        origin: Self.origin(path, root), reason: "a line \"name: value\" is expected")
    }
    let directory = URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false)
    for (key, value) in mapping {
      guard let name = key.scalar?.string, known.contains(name) else {
        throw ConfigurationError(
          origin: Self.origin(path, key),
          reason: "there is no setting \"\(key.scalar?.string ?? "?")\"; there are "
            + known.sorted().joined(separator: ", "))
      }
      guard case .scalar(let scalar) = value else {
        throw ConfigurationError(
          origin: Self.origin(path, key), reason: "\(name) takes one value")
      }
      // "name:" without a value leaves the default.
      guard value.null == nil else { continue }
      values[name] = Value(
        text: scalar.string, origin: Self.origin(path, key), directory: directory)
    }
  }

  private static func origin(_ path: String, _ node: Node) -> String {
    node.mark.map { "\(path), line \($0.line)" } ?? path
  }

  private static func error(_ error: YamlError, _ path: String) -> ConfigurationError {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      ConfigurationError(origin: "\(path), line \(mark.line)", reason: problem)
    case .duplicatedKeysInMapping(let duplicates, let context):
      ConfigurationError(
        origin: "\(path), line \(context.mark.line)",
        reason: "\(duplicates.joined(separator: ", ")) is set twice")
    default: ConfigurationError(origin: path, reason: "\(error)")
    }
  }

  // MARK: - Typed values

  func text(_ name: String) throws(ConfigurationError) -> String? {
    guard let value = values[name] else { return nil }
    guard !value.text.isEmpty, value.text.utf8.count <= 1_024,
      value.text.utf8.allSatisfy({ $0 >= 32 && $0 != 127 })
    else { throw wrong(name, "is empty, too long or contains control characters") }
    return value.text
  }

  func number<Number: FixedWidthInteger>(
    _ name: String, in range: ClosedRange<Number>
  ) throws(ConfigurationError) -> Number? {
    guard let value = values[name] else { return nil }
    guard let number = Number(value.text), range.contains(number) else {
      throw wrong(
        name,
        "must be a whole number from \(range.lowerBound) to \(range.upperBound), not "
          + "\"\(value.text)\"")
    }
    return number
  }

  func flag(_ name: String) throws(ConfigurationError) -> Bool? {
    switch values[name]?.text {
    case nil: return nil
    case "true": return true
    case "false": return false
    case let text?: throw wrong(name, "must be true or false, not \"\(text)\"")
    }
  }

  /// A path. A relative one in a file starts from that file's directory.
  private func path(_ name: String) throws(ConfigurationError) -> String? {
    guard let text = try text(name) else { return nil }
    let base = values[name]?.directory.map { URL(filePath: $0, directoryHint: .isDirectory) }
    return URL(filePath: text, relativeTo: base).standardizedFileURL.path(percentEncoded: false)
  }

  /// An existing directory.
  func directory(_ name: String) throws(ConfigurationError) -> String? {
    guard let path = try path(name) else { return nil }
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory),
      isDirectory.boolValue
    else { throw wrong(name, "names \(path), which is no directory") }
    return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
  }

  /// An existing, readable file.
  func file(_ name: String) throws(ConfigurationError) -> String? {
    guard let path = try path(name) else { return nil }
    guard FileManager.default.isReadableFile(atPath: path) else {
      throw wrong(name, "names \(path), which is no file that this user can read")
    }
    return path
  }

  /// The file of a credential that the service manager passed (`LoadCredential=` of systemd), if it
  /// did.
  func credential(_ name: String) -> String? {
    credentials.map { "\($0)/\(name)" }
      .flatMap { FileManager.default.isReadableFile(atPath: $0) ? $0 : nil }
  }

  /// A user, `NAME_user`, with the password that stands in the file `NAME_password_file` or in the
  /// credential `NAME_password`; `nil` without one.
  func login(_ name: String) throws(ConfigurationError) -> (user: String, password: String)? {
    let (userName, fileName) = ("\(name)_user", "\(name)_password_file")
    guard let user = try text(userName) else {
      guard try text(fileName) == nil else {
        throw wrong(fileName, "is of no use without \(userName)")
      }
      return nil
    }
    guard let path = try file(fileName) ?? credential("\(name)_password") else {
      throw wrong(
        userName,
        "needs a password: name its file in \(fileName), or pass it as the service's "
          + "credential \(name)_password (LoadCredential= of systemd)")
    }
    guard let data = FileManager.default.contents(atPath: path), data.count <= 1_024,
      let line = String(validating: data, as: UTF8.self)?.split(separator: "\n").first
    else { throw wrong(userName, "has no password: \(path) holds none") }
    return (user, String(line))
  }

  func logLevel() throws(ConfigurationError) -> Logger.Level? {
    guard let text = values["log_level"]?.text else { return nil }
    guard let level = Logger.Level(rawValue: text) else {
      throw wrong(
        "log_level",
        "must be one of " + Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
          + ", not \"\(text)\"")
    }
    return level
  }

  /// The error for a value that was found.
  func wrong(_ name: String, _ reason: String) -> ConfigurationError {
    ConfigurationError(
      origin: values[name]?.origin ?? "the settings", reason: "\(name) \(reason)")
  }
}
