# One timed fit of lme4's lmer in a process of its own; prints one line of JSON.
# Rscript lmer.R DATA SMALL FORMULA DRAWS DERIVATIVES: as one_fit.py, with lme4's defaults
# but for DERIVATIVES (TRUE is the default).
suppressPackageStartupMessages(library(lme4))
given <- commandArgs(TRUE)
formula <- as.formula(given[3])
draws <- as.integer(given[4])
control <- lmerControl(calc.derivs = as.logical(given[5]))

resident <- function(line) {
  found <- grep(line, readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", found)) / 1024
}

measured <- function(run) {
  invisible(gc())
  loaded <- resident("VmRSS")
  cat("5", file = "/proc/self/clear_refs")
  seconds <- system.time(found <- run())[["elapsed"]]
  list(found = found, seconds = seconds, mb = resident("VmHWM") - loaded)
}

invisible(suppressWarnings(suppressMessages(lmer(formula, readRDS(given[2]), control = control))))
data <- readRDS(given[1])
said <- character()
heard <- function(condition) said <<- c(said, conditionMessage(condition))
cost <- withCallingHandlers(
  measured(function() lmer(formula, data, REML = TRUE, control = control)),
  warning = function(w) { heard(w); invokeRestart("muffleWarning") },
  message = function(m) { heard(m); invokeRestart("muffleMessage") }
)
model <- cost$found
if (draws > 0) cost <- measured(function() bootMer(model, fixef, nsim = draws, seed = 1))

quoted <- function(text) paste0("[", paste(dQuote(gsub("[\"\\\\\n]", " ", text), FALSE),
                                           collapse = ", ")[length(text) > 0], "]")
cat(sprintf(
  paste0('{"seconds": %.4f, "mb": %.1f, "loglik": %.6f, "messages": %s, "rows": %d, ',
         '"versions": {"R": "%s", "lme4": "%s", "Matrix": "%s", "R_BLAS": "%s"}}\n'),
  cost$seconds, cost$mb, as.numeric(logLik(model)), quoted(said), nobs(model),
  getRversion(), packageDescription("lme4")$Version, packageDescription("Matrix")$Version,
  paste(basename(c(sessionInfo()$BLAS, La_library())), collapse = " and ")
))
