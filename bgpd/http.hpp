// The small HTTP server of /metrics, /livez and /readyz. GET and HEAD only, one answer a connection, 5 s for a request.
//
// Thread: control.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "net/ip_address.hpp"
#include "net/result.hpp"

namespace boost::asio {
class io_context;
}

namespace podbgp::bgpd {

struct HttpAnswer {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};
using HttpDone = std::function<void(HttpAnswer)>;  // on control, once
using HttpHandler = std::function<void(std::string_view target, HttpDone done)>;

class HttpServer {
 public:
  // An error names address, port and remedy.
  [[nodiscard]] static net::Result<std::unique_ptr<HttpServer>, std::string> listen(boost::asio::io_context& control,
                                                                                    const net::IpAddress& address,
                                                                                    std::uint16_t port,
                                                                                    HttpHandler handler);
  ~HttpServer();

 private:
  struct Impl;
  explicit HttpServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace podbgp::bgpd
