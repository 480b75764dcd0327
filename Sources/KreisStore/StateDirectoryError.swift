// SPDX-License-Identifier: EUPL-1.2

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Why a state directory cannot be used. Written for the admin who named it.
package enum StateDirectoryError: Error, Hashable, CustomStringConvertible, Sendable {
  case missing(path: String)
  case notADirectory(path: String)
  /// A directory, but nothing of Kreisnetz is in it.
  case notAReplica(path: String)
  /// Somebody else than its owner could write in it.
  case open(path: String, mode: UInt32)
  case occupied(path: String)
  /// Another process holds the lock.
  case inUse(path: String, process: String?)
  case exposedSecret(path: String, mode: UInt32)
  case damaged(path: String, reason: String)
  case unknownGroup(String)
  case failed(action: String, path: String, errno: Int32)

  package var description: String {
    switch self {
    case .missing(let path):
      "There is no state directory \(path). Name another one with --state, or make it with "
        + "\"kreisnetz town join\" or \"kreisnetz hub init\"."
    case .notADirectory(let path): "\(path) is not a directory. Name a directory with --state."
    case .notAReplica(let path):
      "\(path) is not a state directory: it has no kreisnetz.sqlite. Make one with "
        + "\"kreisnetz town join\" or \"kreisnetz hub init\"."
    case .open(let path, let mode):
      "Others than its owner may write in \(path) (mode \(String(mode, radix: 8))). "
        + "Correct it with: chmod 700 \(path)"
    case .occupied(let path):
      "\(path) holds a replica already. Name an empty or new directory with --state."
    case .inUse(let path, let process):
      "The state directory \(path) is in use by a daemon or another command"
        + (process.map { " (process \($0))" } ?? "") + ". Wait for its end or stop it."
    case .exposedSecret(let path, let mode):
      "The key file \(path) can be read by others than its owner (mode \(String(mode, radix: 8))), "
        + "so it is not used. Whoever read it can sign for this member. Correct it with: "
        + "chmod 600 \(path)"
    case .damaged(let path, let reason): "\(path) is damaged: \(reason). Restore it from a backup."
    case .unknownGroup(let name): "There is no group \(name) on this machine. Correct socket_group."
    case .failed(let action, let path, let code):
      "\(path) cannot be \(action): \(String(cString: strerror(code)))"
        + (code == EACCES || code == EPERM ? ". Check the owner, or run this as that user." : ".")
    }
  }

  /// Whether the same call can succeed later without anything being corrected.
  package var isPassing: Bool {
    switch self {
    case .inUse: true
    case .failed(_, _, let code): code == ENOSPC || code == EDQUOT || code == EIO
    default: false
    }
  }
}
