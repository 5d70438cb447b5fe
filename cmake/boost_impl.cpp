// Asio and Beast compiled once (their SEPARATE_COMPILATION mode) instead of in every file.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
