// A Verilated AXI4-Stream accelerator as a plain C library.
#include "rtl_predict.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

// Verilator's runtime asks for this where a design does not use time.
double sc_time_stamp() { return 0; }

namespace {

// One access of AXI4-Lite, while the streams rest; the answer's word, or -1 for an error.
template <class Model>
int64_t access_register(Bench &bench, Model &top, bool write, uint32_t address, uint32_t word) {
    if constexpr (requires { top.s_axil_awaddr; }) {
        top.s_axil_awaddr = top.s_axil_araddr = address;
        top.s_axil_wdata = word;
        top.s_axil_wstrb = 0xf;
        top.s_axil_awvalid = top.s_axil_wvalid = write;
        top.s_axil_arvalid = !write;
        top.s_axil_bready = top.s_axil_rready = 1;
        for (Pins &pins : bench.inputs) *pins.valid = 0;
        for (int patience = 100; patience > 0; patience--) {
            bench.settle();
            const bool aw = top.s_axil_awready, w = top.s_axil_wready, ar = top.s_axil_arready;
            const bool answered = write ? top.s_axil_bvalid : top.s_axil_rvalid;
            const bool refused = write ? top.s_axil_bresp : top.s_axil_rresp;
            const int64_t value = write ? 0 : int64_t(top.s_axil_rdata);
            bench.rise();
            if (aw) top.s_axil_awvalid = 0;
            if (w) top.s_axil_wvalid = 0;
            if (ar) top.s_axil_arvalid = 0;
            if (answered) return refused ? -1 : value;
        }
    }
    return -1;
}

} // namespace

EXPORT void *model_open() { return new Bench; }
EXPORT void model_close(void *model) { delete static_cast<Bench *>(model); }
EXPORT void model_reset(void *model) { static_cast<Bench *>(model)->reset(); }
#if VM_TRACE
// Writes a waveform from here on; of no name, ends it.
EXPORT int64_t model_record(void *model, const char *file) {
    Bench &bench = *static_cast<Bench *>(model);
    bench.wave.close();
    if (!*file) return true;
    bench.time = 0;
    bench.wave.open(file);
    return bench.wave.isOpen();
}
#endif
EXPORT int64_t model_dropped(void *model) {
    return static_cast<Bench *>(model)->model->dropped_windows;
}
EXPORT Result model_run(void *model, Stream *inputs, Stream *outputs, uint32_t gap, uint32_t stall,
                        uint64_t seed, int64_t quiet, int64_t patience, int64_t most) {
    Bench &bench = *static_cast<Bench *>(model);
    return run(bench, inputs, outputs, gap, stall, seed, quiet, patience, most);
}
EXPORT int64_t model_register(void *model, int64_t write, int64_t address, int64_t word) {
    Bench &bench = *static_cast<Bench *>(model);
    return access_register(bench, *bench.model, write, uint32_t(address), uint32_t(word));
}

EXPORT void PREDICT_FLOAT(PARAMETERS(float)) { predict<float>({INPUT_NAMES}, {OUTPUT_NAMES}); }
EXPORT void PREDICT_DOUBLE(PARAMETERS(double)) { predict<double>({INPUT_NAMES}, {OUTPUT_NAMES}); }
