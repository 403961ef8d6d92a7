# One timed fit of lme4's glmer (its defaults) in a process of its own; prints one line of JSON.
# Rscript glmer.R DATA.csv FORMULA
suppressPackageStartupMessages(library(lme4))
given <- commandArgs(TRUE)
data <- read.csv(given[1])
formula <- as.formula(given[2])
said <- character()
seconds <- system.time(model <- withCallingHandlers(
  glmer(formula, data, family = binomial),
  warning = function(w) { said <<- c(said, conditionMessage(w)); invokeRestart("muffleWarning") },
  message = function(m) { said <<- c(said, conditionMessage(m)); invokeRestart("muffleMessage") }
))[["elapsed"]]
quoted <- function(text) paste0("[", paste(dQuote(gsub("[\"\\\\\n]", " ", text), FALSE),
                                           collapse = ", ")[length(text) > 0], "]")
cat(sprintf('{"seconds": %.3f, "loglik": %.6f, "messages": %s, "R": "%s", "lme4": "%s"}\n', seconds,
            as.numeric(logLik(model)), quoted(said), getRversion(), packageDescription("lme4")$Version))
