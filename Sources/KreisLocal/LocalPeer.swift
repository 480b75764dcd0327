// SPDX-License-Identifier: EUPL-1.2

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The Unix account that gives a command.
package struct LocalPeer: Hashable, Sendable {
  /// How commands come.
  package enum Way: String, Sendable { case command, socket, console }

  package let user: UInt32
  package let way: Way

  package init(user: UInt32, way: Way) { (self.user, self.way) = (user, way) }

  /// - Parameter isDirect: whether it is this process's own; else the kernel's word for who connected.
  package init(user: UInt32, isDirect: Bool) {
    self.init(user: user, way: isDirect ? .command : .socket)
  }

  /// Who runs this process.
  package static var own: LocalPeer { LocalPeer(user: getuid(), way: .command) }

  /// Whoever sits at the console in the browser, for whom this process acts.
  package static var console: LocalPeer { LocalPeer(user: getuid(), way: .console) }

  /// Its name; `nil` for an account that this machine, or the service's view of it, does not know.
  var name: String? {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16_384)
    guard getpwuid_r(user, &entry, &buffer, buffer.count, &found) == 0, found != nil,
      let name = entry.pw_name
    else { return nil }
    return String(cString: name)
  }

  /// Whether it is believed for whom it acts: it could act as this process anyway.
  var isTrusted: Bool { way != .socket || user == 0 || user == geteuid() }
}
