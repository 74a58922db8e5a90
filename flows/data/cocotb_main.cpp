// Main program of a verilated bench: cocotb drives the model through VPI; switching activity is counted while the harness's
// `dump` is 1. The loop is the one that Verilator's manual gives for VPI with timing.

#include <cstdint>
#include <memory>

#include "Vbench.h"
#include "verilated.h"
#include "verilated_vpi.h"
#if VM_TRACE
#include "verilated_saif_c.h"
#endif

extern "C" void vlog_startup_routines_bootstrap(void);

namespace {

void settle() {
    while (VerilatedVpi::callValueCbs()) {
    }
}

// Evaluates until neither model nor callbacks change anything in this time step.
void evaluate(Vbench& bench) {
    do {
        do {
            bench.eval_step();
            VerilatedVpi::clearEvalNeeded();
            VerilatedVpi::doInertialPuts();
            settle();
        } while (VerilatedVpi::evalNeeded());
        VerilatedVpi::callCbs(cbReadWriteSynch);
        VerilatedVpi::doInertialPuts();
        settle();
    } while (VerilatedVpi::evalNeeded());
    bench.eval_end_step();
    VerilatedVpi::callCbs(cbReadOnlySynch);
}

#if VM_TRACE
// Counts toggles and time at one from the moment at which the bench raises `dump` until it lowers it for good.
class Activity {
public:
    explicit Activity(Vbench& bench, const char* file)
        : m_file{file} {
        char name[] = "tpugen_harness.dump";
        m_dump = vpi_handle_by_name(name, nullptr);
        bench.trace(&m_trace, 99);
    }
    void count(uint64_t time) {
        s_vpi_value value{};
        value.format = vpiIntVal;
        if (m_dump) vpi_get_value(m_dump, &value);
        if (!value.value.integer) return;
        if (!m_trace.isOpen()) {
            m_trace.open(m_file);
            m_begin = time;
        }
        m_trace.dump(time - m_begin);
    }
    void close() {
        if (m_trace.isOpen()) m_trace.close();
    }

private:
    const char* m_file;
    uint64_t m_begin = 0;
    vpiHandle m_dump = nullptr;
    VerilatedSaifC m_trace;
};
#endif

}  // namespace

int main(int argc, char** argv) {
    VerilatedContext& context = *Verilated::threadContextp();
    context.commandArgs(argc, argv);
    context.fatalOnVpiError(false);
#if VM_TRACE
    context.traceEverOn(true);
#endif
    const auto bench = std::make_unique<Vbench>(&context, "");
    vlog_startup_routines_bootstrap();
    VerilatedVpi::callCbs(cbStartOfSimulation);
    settle();
    bench->eval_step();
#if VM_TRACE
    Activity activity{*bench, "activity.saif"};
#endif
    while (!context.gotFinish()) {
        evaluate(*bench);
#if VM_TRACE
        activity.count(context.time());
#endif
        uint64_t next = VerilatedVpi::cbNextDeadline();
        if (bench->eventsPending() && bench->nextTimeSlot() < next) next = bench->nextTimeSlot();
        if (next == ~uint64_t{0}) break;
        context.time(next);
        VerilatedVpi::callCbs(cbNextSimTime);
        settle();
        VerilatedVpi::callTimedCbs();
        settle();
    }
    bench->final();
    VerilatedVpi::callCbs(cbEndOfSimulation);
#if VM_TRACE
    activity.close();
#endif
    return 0;
}
