# Cox models of counting-process rows by R's survival: values of tests/oracles/test_cox.py.
# Run from the project's root:  SESSIONWISE_EXTRA_DATA=folder Rscript tests/oracles/r/cox.R
# Rows: tests/oracles/cox_checks/rows.csv (drawn by cox_checks.R), and sets of survival itself, whose
# rows go to the folder named (cox_NAME.csv) and not into the project. Writes tests/oracles/r/cox.json.
suppressPackageStartupMessages({library(survival); library(jsonlite)})
fine <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 50)
said_of <- function(formula, data, ties, by = NULL) {
  data$by_ <- if (is.null(by)) seq_len(nrow(data)) else data[[by]]
  # survival reads data and arguments from where it is called
  data_ <<- data; formula_ <<- formula; ties_ <<- ties
  plain <- coxph(formula_, data_, ties = ties_, control = fine)
  robust <- if (!is.null(by)) coxph(formula_, data_, ties = ties_, control = fine, cluster = by_)
  list(formula = deparse1(formula), ties = ties, by = if (is.null(by)) "" else by, n = plain$n,
       events = plain$nevent, estimate = unname(coef(plain)), se = unname(sqrt(diag(vcov(plain)))),
       robust = if (!is.null(by)) unname(sqrt(diag(vcov(robust)))), loglik = plain$loglik,
       score = plain$score, wald = plain$wald.test)
}
rows <- read.csv("tests/oracles/cox_checks/rows.csv")
rows$kind <- factor(rows$kind, c("in_person", "video", "phone"))
cases <- list()
for (ties in c("efron", "breslow")) for (by in c("client", "therapist")) {
  cases[[paste("plain", ties, by, sep = "_")]] <-
    said_of(Surv(start, stop, left) ~ srs + severity, rows, ties, by)
  cases[[paste("strata", ties, by, sep = "_")]] <-
    said_of(Surv(start, stop, left) ~ srs + severity + kind + strata(clinic), rows, ties, by)
}
folder <- Sys.getenv("SESSIONWISE_EXTRA_DATA")
keep <- function(name, data) if (nzchar(folder))
  write.csv(data, file.path(folder, paste0("coxph_", name, ".csv")), row.names = FALSE)
hearts <- transform(heart, transplant = as.integer(transplant) - 1L)
lungs <- transform(na.omit(lung[c("time", "status", "age", "sex")]), left = status - 1)
ag <- transform(bladder2, gap = stop - start)
# pbcseq, as the survival vignette on time-dependent covariates makes it
temp <- subset(pbc, id <= 312, select = c(id:sex, stage))
long <- tmerge(temp, temp, id = id, death = event(time, as.integer(status == 2)))
long <- tmerge(long, pbcseq, id = id, bili = tdc(day, bili), protime = tdc(day, protime))
long <- transform(na.omit(long[c("id", "tstart", "tstop", "death", "bili", "protime")]),
                  log_bili = log(bili), log_protime = log(protime))
first <- transform(subset(pbc, id <= 312), death = as.integer(status == 2), log_bili = log(bili),
                   log_protime = log(protime))[c("id", "time", "death", "log_bili", "log_protime")]
keep("heart", hearts); keep("lung", lungs); keep("bladder2", ag); keep("pbcseq", long); keep("pbc", first)
real <- list(
  heart = said_of(Surv(start, stop, event) ~ age + year + surgery + transplant, hearts, "efron", "id"),
  lung = said_of(Surv(time, left) ~ age + sex, lungs, "efron"),
  bladder_ag = said_of(Surv(start, stop, event) ~ rx + number + size, ag, "efron", "id"),
  bladder_pwp = said_of(Surv(start, stop, event) ~ rx + number + size + strata(enum), ag, "efron", "id"),
  bladder_gap = said_of(Surv(gap, event) ~ rx + number + size + strata(enum), ag, "efron", "id"),
  pbc = said_of(Surv(time, death) ~ log_bili + log_protime, first, "efron"),
  pbcseq = said_of(Surv(tstart, tstop, death) ~ log_bili + log_protime, long, "efron", "id"))
write(toJSON(list(r = R.version.string, survival = as.character(packageVersion("survival")),
                  cases = cases, real = real), digits = 12, auto_unbox = TRUE, null = "null"),
      "tests/oracles/r/cox.json")
