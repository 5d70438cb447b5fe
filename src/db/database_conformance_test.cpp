#include "tests/conformance/database_conformance.h"
