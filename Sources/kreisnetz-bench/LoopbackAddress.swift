// SPDX-License-Identifier: EUPL-1.2

import Foundation

extension sockaddr_in {
  /// 127.0.0.1; port 0: any that is free.
  static func loopback(_ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    return address
  }
}
